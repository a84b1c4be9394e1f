#include "egressctl/posture.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "egress/core/limits.hpp"
#include "egress/core/time_text.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/duration.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

void print(const Context& context, const control::PostureReply& reply) {
  if (reply.state == "enforcing") {
    const char* line = reply.before == "open"    ? "closed: the policy is enforced again"
                       : reply.before == "panic" ? "resumed: what the policy allows passes again"
                                                 : "the policy is enforced already";
    context.out << coloured(line, Colour::green, context.out_terminal) << '\n';
  } else {
    context.out << coloured(posture_line(reply.state, reply.until_s), Colour::red,
                            context.out_terminal)
                << '\n';
  }
  if (!reply.warning.empty())
    context.err << coloured("egressctl:", Colour::red, context.err_terminal) << ' '
                << printable(reply.warning) << '\n';
}

}  // namespace

std::string posture_line(const std::string& state, std::optional<std::int64_t> until_s) {
  const bool is_open = state == "open";
  std::string line = is_open ? "OPEN: nothing is refused" : "PANIC: nothing but loopback passes";
  if (until_s) line += (is_open ? "; closes in " : "; ends in ") + print_seconds(*until_s);
  return line + (is_open ? " (egressctl resume closes now)" : " (egressctl resume)");
}

void add_duration(CLI::App& command, std::optional<std::int64_t>& seconds,
                  const std::string& description) {
  command
      .add_option_function<std::string>(
          "--for",
          [&seconds](const std::string& text) {
            const auto duration = parse_duration(text, limits::kLongestPosture);
            if (!duration) throw CLI::ValidationError("--for", duration.error().message);
            seconds = duration->count();
          },
          description)
      ->type_name("TIME");
}

Exit change_posture(Context& context, const control::Request& request) {
  const auto reply = ask<control::PostureReply>(context, request);
  if (!reply) return reply.error();
  context.json ? print_json(context, *reply) : print(context, *reply);
  return reply->warning.empty() ? Exit::done : Exit::failed;
}

}  // namespace egress::ctl
