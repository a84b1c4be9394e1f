// egressctl doctor: what weakens isolation on this host, and what to do about it.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "egressctl/ask.hpp"
#include "egressctl/doctor/judge.hpp"
#include "egressctl/doctor/print.hpp"
#include "egressctl/doctor/read.hpp"
#include "egressctl/examine.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

struct DoctorOptions {
  std::vector<std::string> agents;
};

Exit run_doctor(Context& context, const DoctorOptions& options) {
  const auto findings = examine(context, options.agents);
  if (!findings) return findings.error();
  const bool is_weak = doctor::has_weakness(*findings);
  if (context.json) {
    const nlohmann::ordered_json document{{"weak", is_weak},
                                          {"findings", doctor::to_json(*findings)}};
    constexpr auto kReplaceBadUtf8 = nlohmann::ordered_json::error_handler_t::replace;
    context.out << document.dump(-1, ' ', false, kReplaceBadUtf8) << '\n';
  } else {
    doctor::print_text(*findings, context);
    context.out << '\n'
                << coloured(doctor::summary(*findings), is_weak ? Colour::red : Colour::green,
                            context.out_terminal)
                << '\n';
  }
  return is_weak ? Exit::failed : Exit::done;
}

}  // namespace

tl::expected<doctor::Findings, Exit> examine(Context& context,
                                             const std::vector<std::string>& agents) {
  const auto status = ask<control::StatusReply>(context, control::StatusRequest{});
  if (!status) return tl::unexpected(status.error());
  const doctor::Clocks before = doctor::read_clocks();
  const auto health = ask<control::HealthReply>(context, control::HealthRequest{});
  if (!health) return tl::unexpected(health.error());
  const doctor::Clocks after = doctor::read_clocks();
  doctor::Host host = doctor::read_host({.control_socket = context.socket, .agents = agents});
  host.before = before;
  host.after = after;
  return doctor::judge(host, *status, *health);
}

void add_doctor(CLI::App& app, Context& context) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor", "Show what weakens isolation on this host, each with its remedy");
  command
      ->add_option("--agent-user", options->agents,
                   "look at the rights of this user alone; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->take_all();
  command->footer(
      "Exit code 1 when something weakens isolation (weak). What may not be read is told as a "
      "note: run it as root.");
  command->callback([&context, options] { context.exit = run_doctor(context, *options); });
}

}  // namespace egress::ctl
