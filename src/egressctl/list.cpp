// egressctl list: every entry with its addresses.
#include <CLI/CLI.hpp>

#include "egress/core/ip_address.hpp"
#include "egress/core/text.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/outcomes.hpp"
#include "egressctl/posture.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

// Of one entry, and of a wildcard, which has those of every name below it; --json has all.
constexpr std::size_t kAddressesShown = 8;
constexpr std::size_t kAddressesShownOfWildcard = 3;

// "tcp/*.example.com:443", "tcp/.example.com:443".
bool is_wildcard(const control::EntryReport& entry) {
  const std::string_view host = std::string_view(entry.target).substr(entry.target.find('/') + 1);
  return host.starts_with("*.") || host.starts_with('.');
}

// What has no port is not counted by where it goes.
std::string hits_text(const control::EntryReport& entry, std::uint64_t hits) {
  const auto transport = parse_transport(entry.target.substr(0, entry.target.find('/')));
  return transport && !has_ports(*transport) ? "-" : std::to_string(hits);
}

std::string origin(const control::EntryReport& entry) {
  if (entry.added_by.empty() || entry.added_by == entry.origin) return entry.origin;
  return entry.origin.empty() ? entry.added_by : entry.origin + ", by " + entry.added_by;
}

void add_addresses(Table& table, const control::EntryReport& entry) {
  const std::size_t most = is_wildcard(entry) ? kAddressesShownOfWildcard : kAddressesShown;
  std::size_t shown = 0;
  for (const control::AddressReport& address : entry.addresses) {
    if (shown++ == most) break;
    table.add({"  " + address.address, "",
               address.expires_s == 0 ? "never" : print_seconds(address.expires_s),
               hits_text(entry, address.hits), ""});
  }
  if (entry.addresses.size() > most) {
    table.note(std::to_string(entry.addresses.size() - most) + " more addresses; --json shows all");
  }
}

void add_entry(Table& table, const control::EntryReport& entry) {
  table.add({entry.target,
             {entry.state, state_colour(entry.state)},
             entry.until_s ? print_seconds(*entry.until_s) : "",
             hits_text(entry, entry.hits),
             origin(entry)});
  if (entry.optional) table.note("optional");
  for (const std::string& name : entry.except) table.note("except " + name);
  if (!entry.srv.empty()) table.note("srv: what it leads to at or below " + entry.srv);
  if (!entry.reason.empty()) table.note("reason: " + egress::quoted(entry.reason));
  if (entry.risk) table.note(risk_note(*entry.risk));
  for (const std::string& note : entry.hosts) table.note({note, Colour::yellow});
  if (!entry.error.empty()) table.note({"error: " + entry.error, state_colour(entry.state)});
  if (is_wildcard(entry)) {
    table.note("addresses of the names below it that were asked for: " +
               std::to_string(entry.addresses.size()));
  }
  add_addresses(table, entry);
}

Exit run_list(Context& context) {
  const auto reply = ask<control::ListReply>(context, control::ListRequest{});
  if (!reply) return reply.error();
  if (context.json) {
    print_json(context, *reply);
    return Exit::done;
  }
  if (reply->state == "open" || reply->state == "panic") {
    context.out << coloured(posture_line(reply->state, std::nullopt), Colour::red,
                            context.out_terminal)
                << '\n';
  }
  Table table({"TARGET", "STATE", "EXPIRES", "HITS", "ORIGIN"});
  for (const control::EntryReport& entry : reply->entries) add_entry(table, entry);
  if (table.empty()) {
    context.out << "nothing is allowed; add with: egressctl allow HOST[:PORT]\n";
  } else {
    table.print(context.out, context.out_terminal);
  }
  return Exit::done;
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("list", "Show every entry: addresses, expiry, hits, origin");
  command->footer(
      "EXPIRES is the end of a time-boxed entry, and for an address when it leaves the kernel "
      "unless it is\n"
      "seen again. HITS counts new connections; of what has no ports (icmp, esp, gre, ipip) none "
      "are counted.");
  command->callback([&context] { context.exit = run_list(context); });
}

}  // namespace egress::ctl
