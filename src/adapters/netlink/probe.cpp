#include "adapters/netlink/probe.hpp"

#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "adapters/netlink/commit.hpp"
#include "adapters/netlink/compare.hpp"
#include "adapters/netlink/conntrack.hpp"
#include "adapters/netlink/dump.hpp"
#include "adapters/netlink/encode.hpp"
#include "egress/nft/frames.hpp"

namespace egress::netlink {
namespace {

using nft::Command;
using std::chrono::minutes;

// Made on construction, deleted on destruction.
class ScratchTable {
 public:
  explicit ScratchTable(Socket& socket, Ownership ownership = Ownership::shared,
                        std::uint8_t family = NFPROTO_INET)
      : socket_(socket), family_(family) {
    Batch batch(family_);
    add_table(batch, name_, ownership);
    outcome_ = commit(socket_, batch);
  }
  ~ScratchTable() {
    Batch batch(family_);
    delete_table(batch, name_);
    commit(socket_, batch);
  }
  ScratchTable(const ScratchTable&) = delete;
  ScratchTable& operator=(const ScratchTable&) = delete;

  const std::string& name() const { return name_; }
  const nft::CommitOutcome& outcome() const { return outcome_; }

  bool accepts(Batch& batch) {
    return commit(socket_, batch).status == nft::CommitOutcome::Status::committed;
  }
  bool accepts(const nft::Layout& layout) {
    Batch batch(family_);
    add_layout(batch, name_, layout);
    return accepts(batch);
  }
  bool accepts(const std::vector<Command>& commands) {
    Batch batch;
    add_elements(batch, name_, commands);
    return accepts(batch);
  }
  // Whether the kernel lists exactly this, which has no anonymous sets.
  bool holds(const nft::Layout& layout) {
    LiveTable live{.family = family_};
    return dump_table(socket_, name_, live) == 0 && deviations(live, {}, layout).empty();
  }
  // Whether the kernel says that this socket owns it, and that it would outlive the socket.
  bool is_owned() {
    LiveTable live;
    return read_holder(socket_, name_, live) == 0 &&
           live.holder == Holder{kOwnedFlags, socket_.port()};
  }
  // The timeout of the only element of a set.
  std::optional<milliseconds> only_timeout(const std::string& set) {
    std::optional<milliseconds> found;
    dump_elements(socket_, name_, set, [&](nftnl_set_elem* element) {
      const auto timeout = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_TIMEOUT);
      found = milliseconds{static_cast<std::int64_t>(timeout)};
    });
    return found;
  }

 private:
  Socket& socket_;
  std::uint8_t family_;
  std::string name_ = "egressd-probe-" + std::to_string(getpid());
  nft::CommitOutcome outcome_;
};

nft::SetDefinition allow_set() {
  return {.name = nft::set_name(nft::SetId::allow, Family::ipv4),
          .family = Family::ipv4,
          .has_timeout = true};
}

nft::ElementKey some_key() {
  const Endpoint endpoint{*IpAddress::parse("192.0.2.1"), Transport::tcp, 443};
  return nft::ElementKey::endpoint(nft::SetId::allow, endpoint);
}

bool updates_timeout(Socket& socket) {
  ScratchTable table(socket);
  const nft::ElementKey key = some_key();
  if (!table.accepts({.counters = {}, .sets = {allow_set()}, .chains = {}})) return false;
  if (!table.accepts({{Command::Verb::add, key, minutes(1)}})) return false;
  if (!table.accepts({{Command::Verb::add, key, minutes(2)}})) return false;
  return table.only_timeout(allow_set().name) == minutes(2);
}

bool destroys(Socket& socket) {
  ScratchTable table(socket);
  const nft::ElementKey key = some_key();
  return table.accepts({.counters = {}, .sets = {allow_set()}, .chains = {}}) &&
         table.accepts({{Command::Verb::destroy, key, {}}});
}

nft::Chain chain_with(nft::Rule rule) {
  return {.name = "probe", .hook = {}, .rules = {std::move(rule)}};
}

bool logs(Socket& socket) {
  ScratchTable table(socket);
  const nft::Chain chain = chain_with({nft::LogLimited{std::string(nft::kLogPrefix)}});
  return table.accepts({.counters = {}, .sets = {}, .chains = {chain}});
}

bool cuts_flows(Socket& socket) {
  ScratchTable table(socket);
  const nft::Chain chain = chain_with({nft::CtMark{nft::kCutMark}});
  return table.accepts({.counters = {}, .sets = {}, .chains = {chain}}) && can_list_flows(socket);
}

bool counts_destinations(Socket& socket) {
  ScratchTable table(socket);
  const nft::SetDefinition set = nft::tally_set(nft::Tally::hits, Family::ipv4);
  const nft::Chain chain = chain_with({nft::CountDestination{nft::Tally::hits, Family::ipv4}});
  return table.accepts({.counters = {}, .sets = {set}, .chains = {chain}});
}

bool owns(Socket& socket) {
  ScratchTable table(socket, Ownership::owned);
  return table.is_owned();
}

// The translation stands in a chain that nothing calls, and the chain at the hook has no rules.
bool translates(Socket& socket, nft::Hook hook, nft::Rule rule) {
  ScratchTable table(socket);
  const nft::Chain hooked{.name = "hooked", .hook = hook, .type = nft::ChainType::nat, .rules = {}};
  const nft::Layout layout{
      .counters = {}, .sets = {}, .chains = {hooked, chain_with(std::move(rule))}};
  return table.accepts(layout) && table.holds(layout);
}

bool redirects(Socket& socket) {
  return translates(socket, nft::Hook::output,
                    {nft::CtStatusDnat{}, nft::Layer4{{IPPROTO_UDP}}, nft::DestinationPort{53},
                     nft::Redirect{53}});
}

bool leads(Socket& socket) {
  return translates(socket, nft::Hook::prerouting,
                    {nft::Layer4{{IPPROTO_UDP}}, nft::DestinationPort{53},
                     nft::LeadTo{*IpAddress::parse("192.0.2.1"), 53}});
}

// In a chain that nothing calls.
bool asks_routes(Socket& socket) {
  ScratchTable table(socket);
  nft::Chain chain = chain_with({nft::SourceIsOwn{}, nft::SourceIsOwnOfDevice{}});
  chain.rules.push_back({nft::SourceElsewhere{}, nft::Drop{}});
  const nft::Layout layout{.counters = {}, .sets = {}, .chains = {chain}};
  return table.accepts(layout) && table.holds(layout);
}

// In a chain that nothing calls.
bool has_zones(Socket& socket) {
  ScratchTable table(socket);
  const nft::Layout layout{.counters = {}, .sets = {}, .chains = {chain_with({nft::OwnZone{}})}};
  return table.accepts(layout) && table.holds(layout);
}

// In a chain that nothing calls.
bool finds_sockets(Socket& socket) {
  ScratchTable table(socket);
  const nft::Layout layout{.counters = {}, .sets = {}, .chains = {chain_with({nft::IsTaken{}})}};
  return table.accepts(layout) && table.holds(layout);
}

// "lo" is there in every namespace, and what is routed passes meanwhile.
bool filters_frames(Socket& socket) {
  const nft::FrameFilter filter{.links = {{.name = "lo", .index = 1, .is_loopback = true}},
                                .allows_dhcp = true};
  ScratchTable table(socket, Ownership::shared, NFPROTO_NETDEV);
  return table.accepts(nft::layout(filter)) && table.holds(nft::layout(filter));
}

Error no_table(const nft::CommitOutcome& outcome) {
  switch (outcome.error) {
    case EPERM:
    case EACCES:
      return {
          "not permitted to change the packet filter: run as root or with CAP_NET_ADMIN in this "
          "network namespace"};
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EINVAL:
    case EPROTONOSUPPORT:
      return {
          "this kernel has no nf_tables for the inet family: load it with `modprobe nf_tables`, or "
          "use a kernel with CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET (" +
          outcome.message + ")"};
    default:
      return {"cannot make a table: " + outcome.message};
  }
}

}  // namespace

Result<nft::Capabilities> probe(Socket& socket) {
  {
    const ScratchTable table(socket);
    if (table.outcome().status != nft::CommitOutcome::Status::committed) {
      return tl::unexpected(no_table(table.outcome()));
    }
  }
  return nft::Capabilities{.updates_timeout = updates_timeout(socket),
                           .destroys = destroys(socket),
                           .logs = logs(socket),
                           .counts_destinations = counts_destinations(socket),
                           .deletes_flows = cuts_flows(socket),
                           .owns = owns(socket),
                           .filters_frames = filters_frames(socket),
                           .redirects = redirects(socket),
                           .asks_routes = asks_routes(socket),
                           .has_zones = has_zones(socket),
                           .finds_sockets = finds_sockets(socket),
                           .leads = leads(socket)};
}

}  // namespace egress::netlink
