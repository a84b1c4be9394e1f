#include "adapters/netlink/netlink_kernel.hpp"

#include <utility>

#include "adapters/netlink/commit.hpp"
#include "adapters/netlink/compare.hpp"
#include "adapters/netlink/conntrack.hpp"
#include "adapters/netlink/encode.hpp"
#include "adapters/netlink/others.hpp"
#include "adapters/netlink/probe.hpp"
#include "adapters/netlink/replace.hpp"
#include "adapters/netlink/snapshot.hpp"
#include "adapters/system_error.hpp"
#include "egress/nft/unheard.hpp"

namespace egress::netlink {
namespace {

const std::string kTable(nft::kTableName);

nft::Capabilities lesser(const nft::Capabilities& a, const nft::Capabilities& b) {
  return {.updates_timeout = a.updates_timeout && b.updates_timeout,
          .destroys = a.destroys && b.destroys,
          .logs = a.logs && b.logs,
          .counts_destinations = a.counts_destinations && b.counts_destinations,
          .deletes_flows = a.deletes_flows && b.deletes_flows,
          .owns = a.owns && b.owns,
          .filters_frames = a.filters_frames && b.filters_frames,
          .redirects = a.redirects && b.redirects,
          .asks_routes = a.asks_routes && b.asks_routes,
          .has_zones = a.has_zones && b.has_zones,
          .finds_sockets = a.finds_sockets && b.finds_sockets,
          .leads = a.leads && b.leads};
}

Error owned_by(std::uint32_t port) {
  const std::string number = std::to_string(port);
  return {"table inet " + kTable +
          " belongs to another program, which alone can change it (netlink port " + number +
          ", in most cases its pid: ps -p " + number +
          "; ss -f netlink lists them); end that program, then start egressd again"};
}

}  // namespace

NetlinkKernel::NetlinkKernel(Socket socket, const nft::Capabilities& capabilities)
    : socket_(std::move(socket)), port_(socket_.port()), capabilities_(capabilities) {}

Result<int> NetlinkKernel::detach() {
  auto own = Socket::open();
  if (!own) return tl::unexpected(own.error());
  socket_ = *std::move(own);
  return socket_.fd();
}

nft::CommitOutcome NetlinkKernel::commit(const nft::Transaction& transaction) {
  if (transaction.empty()) return {};
  if (transaction.replace) return replace(nft::layout(*transaction.replace), transaction.changes);
  Batch batch;
  return send(batch, transaction.changes);
}

// In place where that is possible. What the kernel refuses then, it may still take as a table that
// is made anew: what stood may have changed since it was read, or be beyond repair.
nft::CommitOutcome NetlinkKernel::replace(const nft::Layout& desired,
                                          std::span<const nft::Change> additions) {
  const auto standing = read_standing(socket_, kTable, desired, holder());
  const std::uint8_t family = protocol_family(desired.family);
  if (standing && (!standing->is_orphan || adopts_table(family))) {
    Batch batch(family);
    replace_rules(batch, kTable, desired, *standing);
    const auto outcome = send(batch, changes(*standing, additions));
    if (outcome.status != nft::CommitOutcome::Status::refused) return outcome;
  }
  Batch batch(family);
  replace_table(batch, kTable, desired, capabilities_);
  return send(batch, additions);
}

// In a batch of its own: the kernel takes no base chain together with a change of the table's flags
// (nf_tables_addchain). What cannot be adopted must not stay, or anybody could change it.
bool NetlinkKernel::adopts_table(std::uint8_t family) {
  Batch batch(family);
  add_table(batch, kTable, Ownership::owned);
  return send(batch).status == nft::CommitOutcome::Status::committed;
}

nft::CommitOutcome NetlinkKernel::send(Batch& batch, std::span<const nft::Change> changes) {
  const auto commands = nft::lower(changes, capabilities_);
  add_elements(batch, kTable, commands);
  return send(batch);
}

nft::CommitOutcome NetlinkKernel::send(Batch& batch) {
  nft::CommitOutcome outcome = netlink::commit(socket_, batch);
  // The kernel has answered all that it will by the time a message is sent, so what comes late is
  // here already. Another socket would not own the table.
  if (outcome.status == nft::CommitOutcome::Status::unknown) socket_.drain();
  return outcome;
}

Result<nft::Snapshot> NetlinkKernel::read(const nft::Base& expected, const nft::Listing& listing) {
  return read_snapshot(socket_, expected, listing, holder());
}

Result<std::uint64_t> NetlinkKernel::refused_packets() {
  LiveTable live;
  if (const int error = dump_counters(socket_, kTable, live); error != 0)
    return fail_errno("reading the counters", error);
  return packets_of(live, nft::kRefusedCounter);
}

Result<std::vector<nft::Count>> NetlinkKernel::remembered() {
  std::vector<nft::Count> found;
  if (const int error = read_remembered(socket_, kTable, found); error != 0)
    return fail_errno("reading what is remembered", error);
  return found;
}

Result<std::vector<std::string>> NetlinkKernel::unheard_links() {
  std::vector<nft::LinkNoted> asked, heard;
  if (const int error = read_questions(socket_, kTable, asked, heard); error != 0)
    return fail_errno("reading which questions were heard", error);
  return nft::unheard_links(asked, heard);
}

bool NetlinkKernel::holds(const nft::ElementKey& key) {
  return find_element(socket_, kTable, key) == 0;
}

std::optional<milliseconds> NetlinkKernel::last_hit(const Endpoint& destination) {
  return read_last_hit(socket_, kTable, destination);
}

Result<std::size_t> NetlinkKernel::cut_flows(const std::function<bool(const nft::Flow&)>& selects) {
  return netlink::cut_flows(socket_, selects);
}

Result<std::size_t> NetlinkKernel::forget_flows(
    const std::function<bool(const nft::Flow&)>& selects) {
  return netlink::forget_flows(socket_, selects);
}

Result<nft::FlowCount> NetlinkKernel::count_flows() {
  return netlink::count_flows(socket_);
}

Result<nft::Adopted> NetlinkKernel::adopt_flows(std::span<const nft::Session> sessions) {
  return netlink::adopt_flows(socket_, sessions);
}

nft::CommitOutcome NetlinkKernel::filter_frames(const nft::FrameFilter& filter) {
  if (!filter.links.empty()) return replace(nft::layout(filter));
  Batch batch(NFPROTO_NETDEV);
  add_table(batch, kTable, ownership(capabilities_));
  delete_table(batch, kTable);
  return send(batch);
}

Result<nft::FrameSnapshot> NetlinkKernel::read_frames(const nft::FrameFilter& expected) {
  if (expected.links.empty()) return nft::FrameSnapshot{};
  return read_frame_snapshot(socket_, expected, holder());
}

Result<std::vector<nft::OtherTable>> NetlinkKernel::other_tables() {
  return netlink::other_tables(socket_);
}

Holder NetlinkKernel::holder() const {
  return capabilities_.owns ? Holder{kOwnedFlags, port_} : Holder{};
}

// A table that another socket owns can be neither changed nor trusted.
Result<void> NetlinkKernel::look_for_table() {
  LiveTable live;
  if (const int error = read_holder(socket_, kTable, live))
    return fail_errno("reading whose the table is", error);
  found_table_ = live.is_present;
  const std::uint32_t owner = live.holder.port;
  if (owner != 0 && owner != socket_.port()) return tl::unexpected(owned_by(owner));
  return {};
}

Result<std::unique_ptr<NetlinkKernel>> open_kernel(const nft::Capabilities& ceiling,
                                                   std::optional<int> held) {
  auto socket = held ? Socket::adopt(*held) : Socket::open();
  if (!socket) return tl::unexpected(socket.error());
  const auto found = probe(*socket);
  if (!found) return tl::unexpected(found.error());
  auto kernel = std::make_unique<NetlinkKernel>(std::move(*socket), lesser(*found, ceiling));
  if (auto looked = kernel->look_for_table(); !looked) return tl::unexpected(looked.error());
  return kernel;
}

Result<bool> table_stands() {
  auto socket = Socket::open();
  if (!socket) return tl::unexpected(socket.error());
  LiveTable live;
  if (const int error = read_holder(*socket, kTable, live))
    return fail_errno("looking for the table", error);
  return live.is_present;
}

}  // namespace egress::netlink
