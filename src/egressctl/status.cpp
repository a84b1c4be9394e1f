// egressctl status, the default command.
#include <CLI/CLI.hpp>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/posture.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

using control::StatusReply;

bool is_audit(const StatusReply& status) {
  return status.state != "panic" && (status.mode == "audit" || status.state == "auditing");
}
bool lets_pass(const StatusReply& status) {
  return is_audit(status) || status.state == "open";
}
// An egressd of before says nothing of it.
bool is_as_written(const StatusReply& status) {
  return status.policy_source.empty() || status.policy_source == "files";
}
bool is_working(const StatusReply& status) {
  const bool refuses =
      status.state == "enforcing" || status.state == "auditing" || status.state == "panic";
  return refuses && is_as_written(status);
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + printable(word);
  return text.empty() ? "none" : text;
}

// What it enforces where that is not what the files say.
std::string policy_text(const StatusReply& status) {
  if (is_as_written(status)) return "";
  return (status.policy_source == "last good" ? " the last good policy; "
                                              : ", nothing allowed but the additions; ") +
         printable(status.policy_problem);
}

void print_headline(const Context& context, const StatusReply& status) {
  if (status.state == "open" || status.state == "panic") {
    context.out << coloured(posture_line(status.state, status.until_s), Colour::red,
                            context.out_terminal)
                << '\n';
  }
  context.out << "egressd " << printable(status.version) << ": "
              << coloured(printable(status.state) + policy_text(status),
                          status.state == "enforcing" && is_as_written(status) ? Colour::green
                                                                               : Colour::red,
                          context.out_terminal)
              << '\n';
  if (is_audit(status)) {
    context.out << coloured("AUDIT", Colour::red, context.out_terminal)
                << ": nothing is refused; what would be is counted and logged (mode: audit)\n";
  }
  if (status.unconfirmed_s) {
    context.out << coloured("unconfirmed policy, reverts in " +
                                print_seconds(*status.unconfirmed_s) +
                                " (egressctl confirm keeps it)",
                            Colour::yellow, context.out_terminal)
                << '\n';
  }
}

std::string learnt(const StatusReply& status) {
  return status.learnt == 0 ? "" : ", learnt below wildcards: " + std::to_string(status.learnt);
}

std::string protection(const StatusReply& status) {
  if (status.protection == "owned") return "owned: the kernel lets no other program change it";
  std::string text =
      "watched: what others change is undone (so far: " + std::to_string(status.tamperings);
  if (status.tamperings > 0)
    text += ", the last by " + printable(status.last_tampering) + ", undone in " +
            print_microseconds(status.last_repair_us);
  return text + ")";
}

// What is held by name is there now; so is any link that comes.
std::string forward_of_all(const StatusReply& status) {
  std::string text = "held: " + join(status.forward) + "; not held: what comes in by " +
                     (status.uplinks.empty() ? "no link" : join(status.uplinks) + " (the way out)");
  if (!status.released.empty()) text += " and by " + join(status.released) + " (the policy)";
  if (!status.outward.empty())
    text += "; `forward: { except: [" + status.outward.front() + "] }` lets pass what " +
            (status.outward.size() == 1 ? "it" : status.outward.front()) + " routes";
  return text;
}

// Links that a pattern names but that lead outside are no way between containers.
std::string forward(const StatusReply& status) {
  if (status.holds_all) return forward_of_all(status);
  return join(status.forward) +
         (status.uplinks.empty() ? "" : " (leads outside: " + join(status.uplinks) + ")");
}

std::string inbound(const StatusReply& status) {
  if (status.inbound == std::vector<std::string>{"any"})
    return "any: whoever can reach this host can be answered";
  return status.inbound.empty() ? "nobody is answered" : "answered: " + join(status.inbound);
}

std::string metadata(const StatusReply& status) {
  if (!status.metadata_s) return "";
  return "  metadata   open to root " +
         (*status.metadata_s > 0 ? "for " + print_seconds(*status.metadata_s) + " more"
                                 : std::string("for five minutes after each boot")) +
         '\n';
}

std::string resolvers(const StatusReply& status) {
  std::string out = join(status.resolvers) + " (from " + printable(status.resolver_source) + ")";
  for (const control::ZoneReport& zone : status.zones)
    out += "; " + printable(zone.zone) + ": " + join(zone.resolvers);
  return out;
}

void print_facts(std::ostream& out, const StatusReply& status) {
  out << "  policy     " << printable(status.policy_file) << '\n'
      << "  allowed    entries: " << status.entries << ", names: " << status.names
      << " (failing: " << status.names_failing << learnt(status)
      << "), addresses: " << status.addresses << '\n'
      << "  resolvers  " << resolvers(status) << ", dns " << printable(status.dns) << '\n'
      << "  forward    " << forward(status) << '\n'
      << "  inbound    " << inbound(status) << '\n'
      << metadata(status) << "  frames     raw ones are refused at: " << join(status.held_links)
      << " (refused: " << status.refused_frames << ")\n"
      << "  table      " << protection(status) << '\n'
      << "  kernel     elements: " << status.elements << ", commits: " << status.commits
      << " (failed: " << status.failed_commits << "), the last took "
      << print_microseconds(status.last_commit_us) << '\n'
      << (lets_pass(status) ? "  let pass   packets: " : "  refused    packets: ")
      << status.refused_packets << ", with the source of another: " << status.foreign_packets
      << '\n'
      << "  flows      tracked: " << status.tracked_flows << " of at most " << status.most_flows
      << ", dropped as more than their sender's share: " << status.crowded_packets << '\n'
      << "  uptime     " << print_seconds(status.uptime_s) << '\n';
}

// A line for each firewall that may drop them.
std::vector<std::string> unheard(const StatusReply& status) {
  std::vector<std::string> lines;
  for (const control::UnheardReport& report : status.unheard)
    lines.push_back(report.link + ": perhaps dropped by " + report.by +
                    (report.command.empty() ? "" : "; " + report.command));
  return lines;
}

void print_section(const Context& context, const std::string& title, Colour colour,
                   const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  context.out << coloured(title, colour, context.out_terminal) << '\n';
  for (const std::string& line : lines) context.out << "  " << printable(line) << '\n';
}

void print_refusals(const Context& context, const std::vector<control::RefusalReport>& refusals) {
  if (refusals.empty()) return;
  context.out << '\n';
  Table table({"REFUSED LATELY", "PORT", "PACKETS"});
  for (const control::RefusalReport& refusal : refusals) {
    table.add({refusal.address, std::to_string(refusal.port) + "/" + refusal.transport,
               std::to_string(refusal.packets)});
  }
  table.print(context.out, context.out_terminal);
}

}  // namespace

Exit run_status(Context& context) {
  const auto status = ask<StatusReply>(context, control::StatusRequest{});
  if (!status) return status.error();
  const Exit exit = is_working(*status) ? Exit::done : Exit::failed;
  if (context.json) {
    print_json(context, *status);
    return exit;
  }
  print_headline(context, *status);
  print_facts(context.out, *status);
  print_section(context, "not resolved (egressctl list says why):", Colour::red, status->failing);
  print_section(context, "the kernel's table differs (egressctl diff):", Colour::red,
                status->deviations);
  print_section(context,
                "a program with CAP_NET_RAW can send frames past the table at:", Colour::yellow,
                status->unheld_links);
  print_section(context,
                "allowed ports at which proxies stand, which open what is behind them (egressctl "
                "verify asks):",
                Colour::yellow, status->proxies);
  print_section(context,
                "allowed tunnels, which open whatever their other ends forward:", Colour::yellow,
                status->tunnels);
  print_section(
      context,
      "DNS questions of these links do not come to egressd; the command lets them through:",
      Colour::red, unheard(*status));
  print_section(context, "allowed names that programs of this host find elsewhere:", Colour::yellow,
                status->hosts);
  print_section(context, "warnings:", Colour::yellow, status->warnings);
  print_section(context, "missing in this kernel:", Colour::yellow, status->missing_features);
  print_refusals(context, status->refusals);
  return exit;
}

void add_status(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("status", "Show whether the policy is enforced, and how (the default)");
  command->footer(
      "Exit code 1 when egressd runs but does not enforce, which OPEN does not, or when it "
      "enforces\n"
      "another policy than the files say, since they cannot be used.");
  command->callback([&context] { context.exit = run_status(context); });
}

}  // namespace egress::ctl
