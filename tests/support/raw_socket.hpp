// Packets that the kernel's own UDP would not send.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace egress::test {

struct FragmentedQuestion {
  std::string source;
  std::string destination;             // port 53
  std::size_t piece = 8;               // octets of the datagram in each fragment, a multiple of 8
  bool asks_not_to_be_joined = false;  // IP_NODEFRAG: netfilter is not to put them together
};

// Sends a UDP datagram from inside the namespace as IPv4 fragments made by hand.
void send_in_fragments(const std::string& netns, const FragmentedQuestion& how,
                       std::span<const std::uint8_t> payload);

}  // namespace egress::test
