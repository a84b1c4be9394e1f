// egressctl dns: what the DNS guard did lately.
#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <optional>

#include "egress/core/limits.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

using control::DnsReply;

constexpr std::size_t kLatestShown = 20;  // unless --latest says otherwise

struct DnsOptions {
  std::optional<std::size_t> latest;
};

struct Meaning {
  std::string_view verdict;
  const char* text;
  Colour colour = Colour::none;
};
constexpr std::array<Meaning, 9> kMeanings{{
    {"held", "answered from what is held"},
    {"asked", "answered by the resolvers, released when the kernel had the addresses"},
    {"stale", "given an older answer, since the resolvers fail", Colour::yellow},
    {"no data", "of a type that the guard does not serve"},
    {"refused", "the name is not allowed", Colour::yellow},
    {"filtered", "the name is allowed, its addresses are not", Colour::red},
    {"failed", "SERVFAIL: no answer, or not in the kernel in time", Colour::red},
    {"limited", "too many questions, or new names below a wildcard", Colour::red},
    {"unusable", "not a query"},
}};

// A verdict that a later daemon may know says itself what it is.
Meaning meaning_of(const std::string& verdict) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.verdict == verdict) return meaning;
  }
  return {verdict, ""};
}

void print_headline(const Context& context, const DnsReply& reply) {
  const bool is_on = reply.mode == "guard";
  context.out << "dns guard: "
              << coloured(is_on ? "on" : "off", is_on ? Colour::green : Colour::yellow,
                          context.out_terminal);
  if (is_on) {
    context.out << "; names held: " << reply.names << " (learnt below wildcards: " << reply.learnt
                << "), questions waiting: " << reply.waiting << '\n';
  } else {
    context.out << " (dns: " << printable(reply.mode)
                << "): programs ask the resolvers themselves, and any name can be asked for\n";
  }
}

void print_counts(const Context& context, const DnsReply& reply) {
  Table table({"VERDICT", "QUESTIONS", "MEANING"});
  for (const control::DnsCount& count : reply.counts) {
    if (count.questions == 0) continue;
    const Meaning meaning = meaning_of(count.verdict);
    table.add({{count.verdict, meaning.colour}, std::to_string(count.questions), meaning.text});
  }
  if (table.empty()) {
    context.out << "no question yet\n";
    return;
  }
  context.out << '\n';
  table.print(context.out, context.out_terminal);
}

void print_latencies(const Context& context, const DnsReply& reply) {
  Table table({"LATENCY", "QUESTIONS", "P50", "P90", "P99"});
  for (const control::DnsLatency& latency : reply.latencies) {
    if (latency.questions == 0) continue;
    table.add({latency.stage, std::to_string(latency.questions), print_microseconds(latency.p50_us),
               print_microseconds(latency.p90_us), print_microseconds(latency.p99_us)});
  }
  if (table.empty()) return;
  context.out << '\n';
  table.print(context.out, context.out_terminal);
}

std::string client_of(const control::DnsQuestion& question) {
  std::string client = question.client;
  if (question.user) client += " uid " + std::to_string(*question.user);
  return question.transport == "tcp" ? client + " tcp" : client;
}

void print_latest(const Context& context, const DnsReply& reply) {
  if (reply.latest.empty()) return;
  context.out << '\n';
  Table table({"AGE", "NAME", "TYPE", "CLIENT", "VERDICT", "TOOK"});
  for (const control::DnsQuestion& question : reply.latest) {
    table.add({print_seconds(question.age_s),
               question.name,
               question.type,
               client_of(question),
               {question.verdict, meaning_of(question.verdict).colour},
               print_microseconds(question.took_us)});
  }
  table.print(context.out, context.out_terminal);
}

// Keeps the latest ones, which stand last.
void cut(std::vector<control::DnsQuestion>& questions, std::size_t length) {
  if (questions.size() <= length) return;
  questions.erase(questions.begin(), questions.end() - static_cast<std::ptrdiff_t>(length));
}

Exit run_dns(Context& context, const DnsOptions& options) {
  auto reply = ask<DnsReply>(context, control::DnsRequest{});
  if (!reply) return reply.error();
  const std::size_t all = reply->latest.size();
  cut(reply->latest, options.latest.value_or(context.json ? all : kLatestShown));
  if (context.json) {
    print_json(context, *reply);
    return Exit::done;
  }
  print_headline(context, *reply);
  print_counts(context, *reply);
  print_latencies(context, *reply);
  print_latest(context, *reply);
  return Exit::done;
}

}  // namespace

void add_dns(CLI::App& app, Context& context) {
  auto options = std::make_shared<DnsOptions>();
  CLI::App* command =
      app.add_subcommand("dns", "Show what the DNS guard did: verdicts, latencies, questions");
  command
      ->add_option("--latest", options->latest,
                   "how many of the latest questions to show; without it 20, with --json all")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{0}, limits::kJournal));
  command->footer(
      "Stages of a question that has to wait: queue (until the resolvers are asked), upstream "
      "(until "
      "they\n"
      "answer), commit (until the kernel has the addresses), whole. Each figure is right within a "
      "factor of two.");
  command->callback([&context, options] { context.exit = run_dns(context, *options); });
}

}  // namespace egress::ctl
