// `egressctl verify`: asks the daemon what is allowed, probes the network, and judges.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "egress/core/limits.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/command.hpp"
#include "egressctl/examine.hpp"
#include "egressctl/verify/print.hpp"
#include "egressctl/verify/prove.hpp"

namespace egress::ctl {

namespace {

using std::chrono::milliseconds;

struct Options {
  std::string ca;
  std::vector<std::string> only;
  std::vector<std::string> skip;
  bool list = false;
  std::int64_t timeout_ms = milliseconds(limits::kProofTimeout).count();
};

class AskedDaemon : public verify::Daemon {
 public:
  explicit AskedDaemon(Context& context) : context_(context) {}
  std::optional<control::ProofReply> proof() override {
    return keep(ask<control::ProofReply>(context_, control::ProofRequest{}));
  }
  std::optional<control::RefusalsReply> refusals() override {
    return keep(ask<control::RefusalsReply>(context_, control::RefusalsRequest{}));
  }
  std::optional<control::DnsReply> dns() override {
    return keep(ask<control::DnsReply>(context_, control::DnsRequest{}));
  }
  Exit exit() const { return exit_; }  // why there was no answer

 private:
  template <class R>
  std::optional<R> keep(tl::expected<R, Exit> reply) {
    if (reply) return std::move(*reply);
    exit_ = reply.error();
    return std::nullopt;
  }

  Context& context_;
  Exit exit_ = Exit::failed;
};

// One line on the terminal that counts probes, and is gone in the end.
class ProgressLine {
 public:
  explicit ProgressLine(Context& context) : context_(context) {}
  ~ProgressLine() {
    if (context_.err_terminal.is_terminal) context_.err << "\r\x1b[K" << std::flush;
  }
  void show(std::string_view phase, std::size_t done, std::size_t total) {
    if (!context_.err_terminal.is_terminal) return;
    context_.err << "\r\x1b[K" << phase << ": " << done << " of " << total << std::flush;
  }

 private:
  Context& context_;
};

std::optional<verify::Report> prove(Context& context, AskedDaemon& daemon, const tls::Trust& trust,
                                    milliseconds timeout, const verify::Selection& chosen) {
  ProgressLine line(context);
  const auto tell = [&](std::string_view phase, std::size_t done, std::size_t total) {
    line.show(phase, done, total);
  };
  return verify::prove(daemon, trust, {timeout, limits::kProofPhase}, chosen, tell);
}

Exit list_kinds(Context& context) {
  context.json ? verify::print_list_json(context) : verify::print_list(context);
  return Exit::done;
}

Exit run_verify(Context& context, const Options& options) {
  if (options.list) return list_kinds(context);
  const auto chosen = verify::Selection::parse(options.only, options.skip);
  if (!chosen) {
    print_refusal(context, {"invalid", chosen.error().message});
    return Exit::usage;
  }
  std::optional<std::filesystem::path> ca;
  if (!options.ca.empty()) ca = options.ca;
  auto trust = tls::Trust::load(ca);
  if (!trust) {
    print_refusal(context, {"invalid", trust.error().message});
    return Exit::usage;
  }
  AskedDaemon daemon(context);
  const auto report = prove(context, daemon, *trust, milliseconds(options.timeout_ms), *chosen);
  if (!report) return daemon.exit();
  // Told, and no part of the verdict: each may be how a hole comes to be, none proves that there is
  // one.
  auto weaknesses = examine(context, {});
  if (!weaknesses) return weaknesses.error();
  std::erase_if(*weaknesses, [](const doctor::Finding& finding) {
    return finding.severity == doctor::Severity::ok;
  });
  if (context.json) {
    verify::print_json(*report, *weaknesses, context);
  } else {
    verify::print_text(*report, *weaknesses, context);
  }
  return report->verdict == verify::Verdict::proven ? Exit::done : Exit::failed;
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("verify", "Prove, with evidence, that only the allow-list is reachable");
  command
      ->add_option("--ca", options->ca,
                   "Trust the CA certificates in this PEM file instead of the system's")
      ->type_name("FILE");
  const std::map<std::string, std::int64_t> units{{"ms", 1}, {"s", 1000}};
  command
      ->add_option("--timeout", options->timeout_ms,
                   "How long one probe may take: 100ms to 3s; without it 2s")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"))
      ->check(CLI::Range(std::int64_t{100},
                         std::int64_t{milliseconds(limits::kProofLongestTimeout).count()}));
  command->add_flag("--list", options->list, "Print the kinds of probes, and make none");
  command
      ->add_option("--only", options->only,
                   "Make only these probes: kinds, groups (works, refused, true), or patterns")
      ->type_name("KIND")
      ->delimiter(',');
  command->add_option("--skip", options->skip, "Leave out these probes")
      ->type_name("KIND")
      ->delimiter(',');
  command->callback([&context, options] { context.exit = run_verify(context, *options); });
}

}  // namespace egress::ctl
