#include "adapters/dns_listener/frame.hpp"

#include <algorithm>

namespace egress::dns_listener {

std::size_t Frame::length() const {
  return static_cast<std::size_t>(octets_[0]) << 8 | octets_[1];
}

std::size_t Frame::missing() const {
  if (octets_.size() < kLengthOctets) return kLengthOctets - octets_.size();
  return kLengthOctets + length() - octets_.size();
}

bool Frame::is_too_short() const {
  return octets_.size() >= kLengthOctets && length() < kHeaderOctets;
}

std::span<const std::uint8_t> Frame::message() const {
  return std::span(octets_).subspan(kLengthOctets);
}

std::size_t Frame::take(std::span<const std::uint8_t> stream) {
  std::size_t taken = 0;
  while (taken < stream.size() && !is_whole() && !is_too_short()) {
    const auto part = stream.subspan(taken, std::min(missing(), stream.size() - taken));
    octets_.insert(octets_.end(), part.begin(), part.end());
    taken += part.size();
  }
  return taken;
}

}  // namespace egress::dns_listener
