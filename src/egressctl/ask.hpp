// One question to the daemon.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "control/messages.hpp"
#include "egress/core/result.hpp"
#include "egressctl/command.hpp"

namespace egress::ctl {

// Sends the request and waits for its reply; on a terminal a wait shows `activity` and the seconds
// so far. A daemon that does not answer and a request that was refused are told to the user here,
// once (on `err`, with --json on `out`); what is left for the caller is the exit code. Never
// returns a control::Refused.
tl::expected<control::Reply, Exit> ask_any(Context& context, const control::Request& request,
                                           const std::string& activity);

// Tells why a command could not be carried out, as a line for people or as a JSON reply "refused".
void print_refusal(Context& context, const control::Refused& refused);
// The same, of a command that failed.
Exit refuse(Context& context, const std::string& message);

// A reply as it came: one line of JSON.
void print_json(Context& context, const control::Reply& reply);

template <class R>
tl::expected<R, Exit> ask(Context& context, const control::Request& request,
                          const std::string& activity = "waiting for egressd") {
  auto reply = ask_any(context, request, activity);
  if (!reply) return tl::unexpected(reply.error());
  if (R* expected = std::get_if<R>(&*reply)) return std::move(*expected);
  print_refusal(context,
                {"failed",
                 "the daemon's reply does not belong to the request; are egressctl and egressd of "
                 "the same version?"});
  return tl::unexpected(Exit::failed);
}

}  // namespace egress::ctl
