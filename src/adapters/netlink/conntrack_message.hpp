// What ctnetlink says about a tracked connection, and what it is told to do with one.
#pragma once

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "adapters/netlink/attributes.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::netlink {

template <std::size_t max>
using Attributes = std::array<const nlattr*, max + 1>;

Attributes<CTA_MAX> top_level(const nlmsghdr& message);

// The two ends of one direction of a connection. Without ports where the protocol has none that we
// know.
struct Tuple {
  Endpoint source;
  Endpoint destination;
  bool operator==(const Tuple&) const = default;
};
std::optional<Tuple> read_tuple(const nlattr* tuple);

using Message = std::vector<std::uint8_t>;

nlmsghdr& header_of(Message& message);
nlmsghdr& start(Message& buffer, std::uint16_t type, std::uint16_t flags, std::uint8_t family);
// An order about exactly the entry that was listed, named as the kernel named it.
Message about(const nlmsghdr& listed, std::uint16_t order,
              std::initializer_list<ctattr_type> names);
// Gives it our mark.
Message marking(const nlmsghdr& listed);
// The id tells it from one that took its place meanwhile.
Message deletion(const nlmsghdr& listed);
bool is_cut(const Attributes<CTA_MAX>& entry);
// A TCP connection that both ends have closed, or one has reset.
bool is_over(const Attributes<CTA_MAX>& entry);

}  // namespace egress::netlink
