// What holds for every state file: it is refused with a reason that can be shown, or its lines are
// what an egressd could have written.
//
// Input: an octet and the text. 0: the lines alone, so that most inputs get past the checksum;
// otherwise the whole file.
#include <string>

#include "adapters/state/known_addresses.hpp"
#include "egress/core/text.hpp"
#include "fuzz/input.hpp"

namespace egress::state {
namespace {

using fuzz::require;

// CRC-32 of IEEE 802.3, bit by bit.
std::uint32_t checksum(std::string_view text) {
  std::uint32_t crc = ~0U;
  for (const char c : text) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

std::string sealed(std::string_view lines) {
  std::string text = "egressd known addresses, version 1\n" + std::string(lines);
  char seal[32];
  std::snprintf(seal, sizeof seal, "checksum %08x\n", checksum(text));
  return text + seal;
}

void check(std::string_view text) {
  const auto known = parse_known_addresses(text);
  if (!known) {
    require(!known.error().message.empty() && is_utf8(known.error().message) &&
                !has_control_character(known.error().message),
            "a refusal has a reason that can be shown");
    return;
  }
  require(print_known_addresses(*known) == text, "what is read is what would be written");
}

}  // namespace
}  // namespace egress::state

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  egress::fuzz::Input input({data, size});
  const bool is_whole = input.octet() != 0;
  const auto text = egress::fuzz::as_text(input.rest());
  egress::state::check(is_whole ? std::string(text) : egress::state::sealed(text));
  return 0;
}
