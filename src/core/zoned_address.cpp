#include <algorithm>

#include "egress/core/address_class.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/text.hpp"

namespace egress {
namespace {

// What Linux takes for the name of a link (dev_valid_name()).
bool is_link_name(std::string_view text) {
  constexpr std::size_t kMost = 15;
  return !text.empty() && text.size() <= kMost && text != "." && text != ".." &&
         std::ranges::all_of(text,
                             [](char c) { return c > ' ' && c < 0x7F && c != '/' && c != ':'; });
}

}  // namespace

Result<ZonedAddress> ZonedAddress::parse(std::string_view text) {
  const auto percent = text.find('%');
  const auto address = IpAddress::parse(text.substr(0, percent));
  if (!address) return tl::unexpected(address.error());
  const bool needs_zone = !address->is_v4() && classify(*address) == AddressClass::link_local;
  const bool has_zone = percent != text.npos;
  if (needs_zone && !has_zone)
    return fail(quoted(text) + " is a link-local address; accepted: with its link, " +
                address->text() + "%eth0");
  if (!has_zone) return ZonedAddress{*address, {}};
  const std::string_view zone = text.substr(percent + 1);
  if (needs_zone && is_link_name(zone)) return ZonedAddress{*address, std::string(zone)};
  return fail(quoted(text) +
              " has no link-local address and the name of a link; accepted: fe80::1%eth0");
}

}  // namespace egress
