// One message of a TCP stream: two octets of length, then the message (RFC 1035 section 4.2.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace egress::dns_listener {

inline constexpr std::size_t kHeaderOctets = 12;  // no DNS message is shorter
inline constexpr std::size_t kLengthOctets = 2;   // before each message
inline constexpr std::size_t kMessageOctets = 65'535;

class Frame {
 public:
  // Takes from the front of `stream` what is missing; how many octets that were.
  std::size_t take(std::span<const std::uint8_t> stream);

  bool is_begun() const { return !octets_.empty(); }
  bool is_whole() const { return octets_.size() >= kLengthOctets && missing() == 0; }
  // The length that was announced is not that of a DNS message.
  bool is_too_short() const;
  // Of a whole frame; valid until the next call that changes it.
  std::span<const std::uint8_t> message() const;
  void clear() { octets_.clear(); }

 private:
  std::size_t length() const;   // announced
  std::size_t missing() const;  // before the length is known: of the length

  std::vector<std::uint8_t> octets_;
};

}  // namespace egress::dns_listener
