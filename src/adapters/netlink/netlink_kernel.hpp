// The real nft::Kernel: nf_tables and conntrack over netlink (libnftnl, libmnl).
#pragma once

#include <memory>
#include <optional>

#include "adapters/netlink/batch.hpp"
#include "adapters/netlink/dump.hpp"
#include "adapters/netlink/socket.hpp"
#include "egress/core/result.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::netlink {

class NetlinkKernel : public nft::Kernel {
 public:
  NetlinkKernel(Socket socket, const nft::Capabilities& capabilities);

  const nft::Capabilities& capabilities() const override { return capabilities_; }
  nft::CommitOutcome commit(const nft::Transaction& transaction) override;
  Result<nft::Snapshot> read(const nft::Base& expected, const nft::Listing& listing = {}) override;
  Result<std::uint64_t> refused_packets() override;
  Result<std::vector<nft::Count>> remembered() override;
  Result<std::vector<std::string>> unheard_links() override;
  bool holds(const nft::ElementKey& key) override;
  std::optional<milliseconds> last_hit(const Endpoint& destination) override;
  Result<std::size_t> cut_flows(const std::function<bool(const nft::Flow&)>& selects) override;
  Result<std::size_t> forget_flows(const std::function<bool(const nft::Flow&)>& selects) override;
  Result<nft::FlowCount> count_flows() override;
  Result<nft::Adopted> adopt_flows(std::span<const nft::Session> sessions) override;

  nft::CommitOutcome filter_frames(const nft::FrameFilter& filter) override;
  Result<nft::FrameSnapshot> read_frames(const nft::FrameFilter& expected) override;
  Result<std::vector<nft::OtherTable>> other_tables() override;

  // The socket that owns the table, where the kernel has that: as long as any process holds it
  // open, nobody else can change the table.
  int descriptor() const { return socket_.fd(); }
  // Whose changes are ours, in the kernel's notices.
  std::uint32_t port() const { return port_; }
  // For a process that was forked: from now on it reads through a socket of its own, and what it
  // would change of a table that is owned, the kernel refuses. Returns that socket's descriptor.
  Result<int> detach();
  // Whether a table of ours stood when the kernel was opened, left by an earlier run.
  bool found_table() const { return found_table_; }

 private:
  friend Result<std::unique_ptr<NetlinkKernel>> open_kernel(const nft::Capabilities&,
                                                            std::optional<int>);
  bool adopts_table(std::uint8_t family);
  nft::CommitOutcome replace(const nft::Layout& desired,
                             std::span<const nft::Change> additions = {});
  nft::CommitOutcome send(Batch& batch, std::span<const nft::Change> changes);
  nft::CommitOutcome send(Batch& batch);
  Holder holder() const;
  Result<void> look_for_table();

  Socket socket_;
  std::uint32_t port_;  // of the socket that owns the table
  nft::Capabilities capabilities_;
  bool found_table_ = false;
};

// Takes over the netlink socket `held` of an earlier run, or opens one in the network namespace of
// the calling thread, where the kernel stays from then on; then probes in scratch tables what the
// kernel can do. Features beyond `ceiling` are left unused. An error says what is missing (the
// right, nf_tables), or whose the table is, and what to do.
Result<std::unique_ptr<NetlinkKernel>> open_kernel(const nft::Capabilities& ceiling = {},
                                                   std::optional<int> held = std::nullopt);

// Whether there is a table of our name in the network namespace of the calling thread, whoever it
// belongs to.
Result<bool> table_stands();

}  // namespace egress::netlink
