#include "egress/core/address_class.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace egress {
namespace {

// Both ends included, one family.
struct Range {
  IpAddress first;
  IpAddress last;

  bool overlaps(const Range& other) const {
    return first.family() == other.first.family() && first <= other.last && other.first <= last;
  }
};

struct Block {
  Range range;
  AddressClass address_class;
};

Block block(std::string_view text, AddressClass address_class) {
  const Prefix prefix = Prefix::parse(text).value();
  return {{prefix.first(), prefix.last()}, address_class};
}

// IANA special-purpose registries, and the addresses at which clouds serve credentials.
std::vector<Block> special_blocks() {
  using enum AddressClass;
  return {
      block("169.254.169.254", metadata),  // AWS, Google, Azure and most others
      block("169.254.170.2", metadata),    // AWS ECS task credentials
      block("169.254.170.23", metadata),   // AWS EKS pod identity
      block("168.63.129.16", metadata),    // Azure WireServer
      block("100.100.100.200", metadata),  // Alibaba
      block("192.0.0.192", metadata),      // Oracle
      block("fd00:ec2::254", metadata),    // AWS
      block("fd00:ec2::23", metadata),     // AWS EKS pod identity
      block("fd20:ce::254", metadata),     // Google
      block("127.0.0.0/8", loopback),
      block("::1", loopback),
      block("169.254.0.0/16", link_local),
      block("fe80::/10", link_local),
      block("224.0.0.0/4", multicast),
      block("ff00::/8", multicast),
      block("0.0.0.0/8", unusable),
      block("240.0.0.0/4", unusable),
      block("::", unusable),
      block("100::/64", unusable),  // discard-only, RFC 6666
      block("10.0.0.0/8", private_use),
      block("172.16.0.0/12", private_use),
      block("192.168.0.0/16", private_use),
      block("100.64.0.0/10", private_use),
      block("198.18.0.0/15", private_use),
      block("fc00::/7", private_use),
      block("fec0::/10", private_use),
  };
}

// IPv6 addresses that carry an IPv4 address, to which a translator or relay delivers.
struct Embedding {
  Prefix prefix;
  std::size_t octet;  // where the four octets begin
  bool is_inverted;   // Teredo hides the client's address by inverting it
};

std::vector<Embedding> embeddings() {
  const auto at = [](std::string_view prefix, std::size_t octet, bool is_inverted = false) {
    return Embedding{Prefix::parse(prefix).value(), octet, is_inverted};
  };
  return {
      at("::ffff:0:0/96", 12),    // IPv4-mapped, RFC 4291
      at("::/96", 12),            // IPv4-compatible, RFC 4291
      at("64:ff9b::/96", 12),     // NAT64, RFC 6052
      at("64:ff9b:1::/48", 12),   // local NAT64, RFC 8215
      at("2002::/16", 2),         // 6to4, RFC 3056
      at("2001::/32", 12, true),  // Teredo, RFC 4380
  };
}

// Most dangerous last.
int danger(AddressClass address_class) {
  using enum AddressClass;
  constexpr std::array kOrder{unicast,    private_use, unusable, multicast,
                              link_local, loopback,    metadata};
  return static_cast<int>(std::ranges::find(kOrder, address_class) - kOrder.begin());
}

AddressClass worse(AddressClass a, AddressClass b) {
  return danger(a) < danger(b) ? b : a;
}

IpAddress embedded(const IpAddress& address, const Embedding& embedding) {
  std::array<std::uint8_t, 4> octets{};
  std::ranges::copy(address.octets().subspan(embedding.octet, 4), octets.begin());
  if (embedding.is_inverted) {
    for (auto& octet : octets) octet = static_cast<std::uint8_t>(~octet);
  }
  return IpAddress::v4(octets);
}

AddressClass worst_listed(const Range& range) {
  static const std::vector<Block> kBlocks = special_blocks();
  AddressClass worst = AddressClass::unicast;
  for (const auto& block : kBlocks) {
    if (block.range.overlaps(range)) worst = worse(worst, block.address_class);
  }
  return worst;
}

}  // namespace

std::string_view text(AddressClass address_class) {
  switch (address_class) {
    case AddressClass::unicast:
      return "unicast";
    case AddressClass::private_use:
      return "private-use";
    case AddressClass::loopback:
      return "loopback";
    case AddressClass::link_local:
      return "link-local";
    case AddressClass::metadata:
      return "cloud metadata";
    case AddressClass::multicast:
      return "multicast";
    case AddressClass::unusable:
      return "unusable";
  }
  return "unusable";
}

AddressClass classify(const IpAddress& address) {
  return worst_class(Prefix(address));
}

AddressClass worst_class(const Prefix& prefix) {
  static const std::vector<Embedding> kEmbeddings = embeddings();
  AddressClass worst = worst_listed({prefix.first(), prefix.last()});
  for (const auto& embedding : kEmbeddings) {
    if (!embedding.prefix.overlaps(prefix)) continue;
    // Of two prefixes that overlap, the longer lies within the other.
    const Prefix& inner = prefix.length() >= embedding.prefix.length() ? prefix : embedding.prefix;
    Range range{embedded(inner.first(), embedding), embedded(inner.last(), embedding)};
    if (embedding.is_inverted) std::swap(range.first, range.last);
    worst = worse(worst, worst_listed(range));
  }
  return worst;
}

}  // namespace egress
