// What holds for every line that reaches the control socket, at either end: it is refused with a
// reason that can be shown, or it is within the limits and is written as it was read.
#include <string>
#include <variant>

#include "control/codec.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "fuzz/input.hpp"

namespace egress::control {
namespace {

using fuzz::require;

void check_reason(const Error& error) {
  require(!error.message.empty(), "a refusal has a reason");
  require(is_utf8(error.message) && !has_control_character(error.message), "it can be shown");
}

template <class Message, class Decode>
void check_written(const Message& message, const Decode& decode) {
  const std::string line = encode(message);
  require(line.ends_with('\n') && line.find('\n') == line.size() - 1, "a message is one line");
  const auto again = decode(line);
  require(again && again->index() == message.index(), "what is written is read again");
  require(encode(*again) == line, "and says the same");
}

void check_targets(const std::vector<std::string>& targets) {
  require(!targets.empty() && targets.size() <= limits::kTargetsPerRequest, "number of targets");
  for (const std::string& target : targets)
    require(target.size() <= limits::kTargetBytes, "length of a target");
}

void check_request(std::string_view line) {
  const auto request = decode_request(line);
  if (!request) return check_reason(request.error());
  if (const auto* allow = std::get_if<AllowRequest>(&*request)) {
    check_targets(allow->targets);
    require(allow->reason.size() <= limits::kReasonBytes, "length of a reason");
    require(!allow->for_s ||
                (*allow->for_s > 0 && std::chrono::seconds(*allow->for_s) <= limits::kLongestGrant),
            "length of a grant");
  }
  if (const auto* deny = std::get_if<DenyRequest>(&*request)) check_targets(deny->targets);
  if (const auto* why = std::get_if<WhyRequest>(&*request)) check_targets({why->target});
  check_written(*request, [](std::string_view written) { return decode_request(written); });
}

void check_reply(std::string_view line) {
  const auto reply = decode_reply(line);
  if (!reply) return check_reason(reply.error());
  check_written(*reply, decode_reply);
}

}  // namespace
}  // namespace egress::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = egress::fuzz::as_text({data, size});
  egress::control::check_request(line);
  egress::control::check_reply(line);
  return 0;
}
