// What open, panic and resume share: how a posture is told and asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "control/messages.hpp"
#include "egressctl/command.hpp"

namespace CLI {
class App;
}

namespace egress::ctl {

// "OPEN: nothing is refused; closes in 9m 58s (egressctl resume closes now)". `state` is "open" or
// "panic".
std::string posture_line(const std::string& state, std::optional<std::int64_t> until_s);

// --for TIME, into `seconds`.
void add_duration(CLI::App& command, std::optional<std::int64_t>& seconds,
                  const std::string& description);

// Asks for it and tells what came of it.
Exit change_posture(Context& context, const control::Request& request);

}  // namespace egress::ctl
