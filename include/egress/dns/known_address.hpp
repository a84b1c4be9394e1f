// An address that a name had when we last looked: what the state file keeps across a restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/time.hpp"

namespace egress::dns {

struct KnownAddress {
  DnsName name;
  IpAddress address;
  WallTime expires;  // after this it may not be opened any more
  bool is_learnt = false;  // of a name below a wildcard: the first to be left out of a full file
  auto operator<=>(const KnownAddress&) const = default;
};

// Many of them in two pieces of memory, a name once where its addresses follow one another: quick to
// gather, also right after a fork, where each page that is written to is copied first.
class KnownAddressPack {
 public:
  KnownAddressPack() = default;
  explicit KnownAddressPack(const std::vector<KnownAddress>& known);

  // Makes room, with some to spare, so that nothing is moved while more is added.
  void reserve(std::size_t names, std::size_t addresses);
  void add(const DnsName& name, const IpAddress& address, WallTime expires, bool is_learnt);
  std::vector<KnownAddress> unpack() const;

 private:
  struct Entry {
    std::uint32_t name_at;  // in names_
    std::uint8_t name_size;
    bool is_learnt;
    IpAddress address;
    WallTime expires;
  };
  std::string names_;  // one after another
  std::vector<Entry> entries_;
};

}  // namespace egress::dns
