// One line per decision, key=value, to stderr or the journal. The only place where spdlog is known.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "egress/engine/event.hpp"

namespace egress::daemon {

using Level = engine::Notice::Level;
using Fields = std::vector<std::pair<std::string, std::string>>;

// "debug", "info", "warning" or "error"; false for anything else.
bool set_log_level(std::string_view level);
// event=NAME key=value ...; values that are not plain words are quoted and escaped.
void log(Level level, std::string_view event, const Fields& fields = {});

}  // namespace egress::daemon
