// A host name in the one form the product uses: A-labels, lower case, no trailing dot.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "egress/core/result.hpp"

namespace egress {

class DnsName {
 public:
  DnsName() = default;
  // Letters, digits and hyphens in labels of 1 to 63 octets (RFC 1123 section 2.1; underscores,
  // which service names use, are taken too), 253 octets in all, one trailing dot tolerated. Upper
  // case is folded. Non-ASCII is an error here: src/adapters/names turns IDNs into A-labels first.
  // A name whose last label is all digits is an error, since it reads as an address.
  static Result<DnsName> parse(std::string_view text);

  const std::string& text() const { return text_; }
  // True for a proper subdomain, on a label boundary.
  bool is_below(const DnsName& ancestor) const;
  // True for the zone itself, too.
  bool is_within(const DnsName& zone) const { return *this == zone || is_below(zone); }
  // Without its first label; empty for a name of one label.
  std::optional<DnsName> parent() const;
  auto operator<=>(const DnsName&) const = default;

 private:
  std::string text_;
};

}  // namespace egress

template <>
struct std::hash<egress::DnsName> {
  std::size_t operator()(const egress::DnsName& name) const noexcept {
    return std::hash<std::string>{}(name.text());
  }
};
