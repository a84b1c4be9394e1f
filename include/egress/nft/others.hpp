// The tables beside ours, and whether what their rules do can carry a packet past us. A verdict of
// theirs cannot: an accept ends their chains alone, and a drop of ours is final (nft(8), VERDICT
// STATEMENTS).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace egress::nft {

// What a rule does to a packet beside a verdict.
enum class Act : std::uint8_t {
  rewrites,    // where a packet goes: `ip daddr set 192.0.2.1`
  duplicates,  // dup, TEE
  forwards,    // fwd, to a device
  offloads,    // flow add: later packets of the connection meet no chain
  queues,      // queue, NFQUEUE: a program decides, and may rewrite
  translates,  // nat, masquerade, redirect
};

struct BaseChain {
  std::string name;
  std::string type;  // "filter", "nat", "route"
  std::string hook;  // "output", "egress", ...
  std::string device;
  std::int32_t priority = 0;
  bool drops = false;  // its policy
  bool operator==(const BaseChain&) const = default;
};

struct OtherTable {
  std::string family;  // "inet", "ip", "ip6", "arp", "bridge", "netdev"
  std::string name;
  std::vector<BaseChain> chains;
  std::set<Act> acts;
  std::size_t rules = 0;
  bool refuses = false;  // a rule drops or rejects
  bool is_ufw = false;   // it has chains of ufw(8)
  bool operator==(const OtherTable&) const = default;
};

// Coarse, and strict in one direction: an act counts for every hook of its table, whichever chain
// it stands in.
struct Reach {
  bool can_pass_us = false;
  std::string why;  // either way
};
Reach reach(const OtherTable& table);

// "ip nat".
std::string title(const OtherTable& table);
// "nat output -100, nat postrouting 100"; "no hook".
std::string hooks_text(const OtherTable& table);

}  // namespace egress::nft
