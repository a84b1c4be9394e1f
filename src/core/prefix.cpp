#include <algorithm>
#include <charconv>

#include "egress/core/ip_address.hpp"
#include "egress/core/text.hpp"

namespace egress {
namespace {

constexpr int width(Family family) {
  return family == Family::ipv4 ? 32 : 128;
}

// The address with every bit after the first `length` set or cleared.
IpAddress with_host_bits(const IpAddress& address, int length, bool set) {
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(address.octets(), octets.begin());
  for (std::size_t i = 0; i < address.octets().size(); ++i) {
    const int network_bits = std::clamp(length - static_cast<int>(8 * i), 0, 8);
    const auto host_mask = static_cast<std::uint8_t>(0xff >> network_bits);
    if (set) {
      octets[i] = static_cast<std::uint8_t>(octets[i] | host_mask);
    } else {
      octets[i] = static_cast<std::uint8_t>(octets[i] & ~host_mask);
    }
  }
  if (address.is_v4()) return IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
  return IpAddress::v6(octets);
}

Result<int> parse_length(std::string_view text, Family family) {
  int length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool is_canonical =
      error == std::errc{} && end == text.data() + text.size() && std::to_string(length) == text;
  if (is_canonical && length >= 0 && length <= width(family)) return length;
  return fail(quoted(text) + " is not a prefix length; accepted: 0 to " +
              std::to_string(width(family)));
}

}  // namespace

Prefix::Prefix(const IpAddress& address)
    : first_(address), length_(static_cast<std::uint8_t>(width(address.family()))) {}

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return tl::unexpected(address.error());
  if (slash == text.npos) return Prefix(*address);

  const auto length = parse_length(text.substr(slash + 1), address->family());
  if (!length) return tl::unexpected(length.error());
  Prefix prefix;
  prefix.first_ = with_host_bits(*address, *length, false);
  prefix.length_ = static_cast<std::uint8_t>(*length);
  if (prefix.first_ == *address) return prefix;
  return fail(quoted(text) + " has host bits set; did you mean " + prefix.text() + "?");
}

IpAddress Prefix::last() const {
  return with_host_bits(first_, length_, true);
}

bool Prefix::contains(const IpAddress& address) const {
  return address.family() == family() && with_host_bits(address, length_, false) == first_;
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other.first_) || other.contains(first_);
}

std::string Prefix::text() const {
  return is_single() ? first_.text() : first_.text() + '/' + std::to_string(length_);
}

}  // namespace egress
