#include "adapters/netlink/netlink_kernel.hpp"

#include <utility>

#include "adapters/netlink/commit.hpp"
#include "adapters/netlink/conntrack.hpp"
#include "adapters/netlink/encode.hpp"
#include "adapters/netlink/probe.hpp"
#include "adapters/netlink/snapshot.hpp"

namespace egress::netlink {
namespace {

// A table that may or may not exist is made anew within one batch: first it is added, so that
// deleting it cannot fail.
void replace_table(Batch& batch, const nft::Base& base) {
  const std::string table(nft::kTableName);
  add_table(batch, table);
  delete_table(batch, table);
  add_table(batch, table);
  add_layout(batch, table, nft::layout(base));
}

class NetlinkKernel : public nft::Kernel {
 public:
  NetlinkKernel(Socket socket, const nft::Capabilities& capabilities)
      : socket_(std::move(socket)), capabilities_(capabilities) {}

  const nft::Capabilities& capabilities() const override { return capabilities_; }

  nft::CommitOutcome commit(const nft::Transaction& transaction) override {
    if (transaction.empty()) return {};
    const auto commands = nft::lower(transaction.changes, capabilities_);
    Batch batch;
    if (transaction.replace) replace_table(batch, *transaction.replace);
    add_elements(batch, std::string(nft::kTableName), commands);
    nft::CommitOutcome outcome = netlink::commit(socket_, batch);
    if (outcome.status == nft::CommitOutcome::Status::unknown) reopen();
    return outcome;
  }

  Result<nft::Snapshot> read(const nft::Base& expected) override {
    return read_snapshot(socket_, expected);
  }

  Result<std::size_t> cut_flows(const std::function<bool(const nft::Flow&)>& selects) override {
    return netlink::cut_flows(socket_, selects);
  }

  Result<std::size_t> forget_flows(const std::function<bool(const nft::Flow&)>& selects) override {
    return netlink::forget_flows(socket_, selects);
  }

 private:
  // After a lost answer the old socket may still deliver it late. Where no new one can be had, the
  // old one is at least emptied.
  void reopen() {
    if (auto fresh = Socket::open()) {
      socket_ = std::move(*fresh);
    } else {
      socket_.drain();
    }
  }

  Socket socket_;
  nft::Capabilities capabilities_;
};

nft::Capabilities lesser(const nft::Capabilities& a, const nft::Capabilities& b) {
  return {.updates_timeout = a.updates_timeout && b.updates_timeout,
          .destroys = a.destroys && b.destroys,
          .logs = a.logs && b.logs,
          .counts_destinations = a.counts_destinations && b.counts_destinations,
          .deletes_flows = a.deletes_flows && b.deletes_flows,
          .redirects = a.redirects && b.redirects};
}

}  // namespace

Result<std::unique_ptr<nft::Kernel>> open_kernel(const nft::Capabilities& ceiling) {
  auto socket = Socket::open();
  if (!socket) return tl::unexpected(socket.error());
  const auto found = probe(*socket);
  if (!found) return tl::unexpected(found.error());
  return std::make_unique<NetlinkKernel>(std::move(*socket), lesser(*found, ceiling));
}

}  // namespace egress::netlink
