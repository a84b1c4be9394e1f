// The tables beside ours: what each of them hooks into, and what its rules do that reaches beyond
// letting a packet go on or not.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "adapters/netlink/socket.hpp"

namespace egress::netlink {

// What a rule does to a packet beside a verdict.
enum class Act : std::uint8_t {
  rewrites,    // payload set: `ip daddr set 192.0.2.1`
  duplicates,  // dup, TEE
  forwards,    // fwd, to a device
  offloads,    // flow add: later packets of the connection meet no chain
  queues,      // queue, NFQUEUE: a program decides, and may rewrite
  translates,  // nat, masquerade, redirect
};
std::string_view text(Act act);

struct BaseChain {
  std::string name;
  std::string type;  // "filter", "nat", "route"
  std::string hook;  // "output", "egress", ...
  std::string device;
  std::int32_t priority = 0;
  bool drops = false;  // its policy
};

struct OtherTable {
  std::string family;  // "inet", "ip", "ip6", "arp", "bridge", "netdev"
  std::string name;
  std::vector<BaseChain> chains;
  std::set<Act> acts;
  std::size_t rules = 0;
};

// All but those named egressd, sorted by family and name. Needs CAP_NET_ADMIN (EPERM).
Result<std::vector<OtherTable>> other_tables(Socket& socket);
// The same over a socket of its own.
Result<std::vector<OtherTable>> other_tables();

}  // namespace egress::netlink
