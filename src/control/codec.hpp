// Messages to and from JSON.
//
// Framing: a message is one JSON object on one line, ended by '\n'; a newline inside a string is
// written \n as JSON demands. On one connection requests and replies alternate: the next request is
// read after the reply to the one before has been sent.
//   request  {"command":"allow","targets":["api.openai.com:443"],"for_s":900}
//   reply {"reply":"allow","targets":[{"target":"tcp/api.openai.com:443","state":"open",...}],...}
// Members are those of messages.hpp. Decoding is strict: an unknown command, an unknown or repeated
// member, a wrong type, a number out of range, a missing required member and anything over
// core/limits.hpp are errors.
#pragma once

#include <string>
#include <string_view>

#include "control/messages.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/result.hpp"

namespace egress::control {

// With the final '\n'. Text that is not UTF-8 has its bad bytes replaced by U+FFFD. Never longer
// than limits::kReplyBytes: a reply that would be is sent as a Refused that says so.
std::string encode(const Request& request);
std::string encode(const Reply& reply);

// `line` with or without its '\n'. Never throws for what the line holds.
Result<Request> decode_request(std::string_view line, std::size_t longest = limits::kMessageBytes);
Result<Reply> decode_reply(std::string_view line);

// True for requests that change what is enforced: they need a right.
bool changes_policy(const Request& request);
// True for those of them that can let everything pass: the group's right is not enough.
bool needs_root(const Request& request);

}  // namespace egress::control
