// The raw contents of one table, as libnftnl reads them from the kernel.
#pragma once

#include <netinet/in.h>
// after the C library's own
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "adapters/netlink/objects.hpp"
#include "adapters/netlink/socket.hpp"
#include "egress/nft/ruleset.hpp"

namespace egress::netlink {

// A reading during which others changed their tables, or a set of ours went away: start over.
inline constexpr int kReadAttempts = 10;
constexpr bool is_interrupted(int error) {
  return error == EINTR || error == ENOENT;
}

// What takes several listings: calls `read` until nothing was changed meanwhile, or until it says
// by `is_sure` that no change can have given what it read that look. 0 or an errno; EINTR: changes
// came faster than it could be read.
int read_steadily(Socket& socket, const std::function<int(bool& is_sure)>& read);

// Each returns 0 or an errno.
using TakeElement = std::function<void(nftnl_set_elem*)>;  // valid during the call
int dump_elements(Socket& socket, const std::string& table, const std::string& set,
                  const TakeElement& take);
// 0: the set holds this key now; ENOENT: it does not.
int find_element(Socket& socket, const std::string& table, const nft::ElementKey& key);
// The same of another set with such keys, and what it holds; `take` is called at most once.
int find_element(Socket& socket, const std::string& table, const std::string& set,
                 const nft::ElementKey& key, const TakeElement& take);
int read_generation(Socket& socket, std::uint32_t& generation);

// Who may change a table (NFTA_TABLE_FLAGS, NFTA_TABLE_OWNER).
struct Holder {
  std::uint32_t flags = 0;
  std::uint32_t port = 0;  // of the netlink socket that owns it; 0: nobody's
  bool operator==(const Holder&) const = default;
};

// Everything but the elements.
struct LiveTable {
  std::uint8_t family = NFPROTO_INET;  // asked for
  bool is_present = false;
  Holder holder{};
  std::vector<ChainPtr> chains{};
  std::vector<RulePtr> rules{};  // of all chains, in order within each
  std::vector<SetPtr> sets{};
  std::vector<ObjectPtr> objects{};
  std::size_t flowtables = 0;
};
// Only whether it is there, and whose it is.
int read_holder(Socket& socket, const std::string& table, LiveTable& live);
int dump_table(Socket& socket, const std::string& table, LiveTable& live);
int dump_counters(Socket& socket, const std::string& table, LiveTable& live);
// What its counter of that name stands at.
std::uint64_t packets_of(const LiveTable& live, std::string_view counter);

}  // namespace egress::netlink
