// What c-ares 1.18 and 1.34 have different calls for.
#pragma once

#include <ares.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace egress::cares {

// How a question ended: a status of c-ares, and the message, empty where none came. The message is
// there whenever one came, whatever c-ares makes of its RCODE.
using Ended = std::function<void(int status, std::span<const std::uint8_t> message)>;

// Asks the channel's server, class IN. Calls `ended` once: now, out of ares_process_fd(), or, with
// ARES_EDESTRUCTION, out of ares_destroy().
void start_query(ares_channel channel, const std::string& name, std::uint16_t type, Ended ended);

// Has every question asked anew, and no try take longer than options.timeout. Returns what more
// must be said to ares_init_options() for that.
int set_bounds(ares_options& options);

}  // namespace egress::cares
