// The packet filter in memory, with the kernel's meaning: a batch holds whole or not at all,
// elements expire by the given clock, intervals may not overlap, deleting what is absent is an
// error. tests/contract holds it to what the real one does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "egress/core/time.hpp"
#include "egress/nft/kernel.hpp"

namespace egress::test {

class FakeKernel : public nft::Kernel {
 public:
  // The clock must outlive the kernel.
  explicit FakeKernel(const Clock& clock, const nft::Capabilities& capabilities = {})
      : clock_(clock), capabilities_(capabilities) {}

  const nft::Capabilities& capabilities() const override { return capabilities_; }
  nft::CommitOutcome commit(const nft::Transaction& transaction) override;
  Result<nft::Snapshot> read(const nft::Base& expected, const nft::Listing& listing = {}) override;
  Result<std::uint64_t> refused_packets() override;
  Result<std::vector<nft::Count>> remembered() override;
  Result<std::vector<std::string>> unheard_links() override { return std::vector<std::string>{}; }
  bool holds(const nft::ElementKey& key) override;
  std::optional<milliseconds> last_hit(const Endpoint& destination) override;
  Result<std::size_t> cut_flows(const std::function<bool(const nft::Flow&)>& selects) override;
  Result<std::size_t> forget_flows(const std::function<bool(const nft::Flow&)>& selects) override;
  Result<nft::FlowCount> count_flows() override {
    return nft::FlowCount{tracked_.size(), most_flows};
  }
  Result<nft::Adopted> adopt_flows(std::span<const nft::Session> sessions) override;
  nft::CommitOutcome filter_frames(const nft::FrameFilter& filter) override;
  Result<nft::FrameSnapshot> read_frames(const nft::FrameFilter& expected) override;
  Result<std::vector<nft::OtherTable>> other_tables() override { return others; }

  // ---- faults; commits are counted from 1, the first after construction ----
  void refuse_commit(std::uint64_t nth, int error);
  enum class Fate { applied, dropped };
  void lose_acknowledgement(std::uint64_t nth, Fate fate);
  std::uint64_t commits() const { return commits_; }    // that reached the kernel
  std::uint64_t commands() const { return commands_; }  // in those that were applied

  // A link that is not there makes the kernel refuse the frame filter.
  std::set<std::string> absent_links;

  // ---- others on the machine ----
  std::vector<nft::OtherTable> others;
  // `nft flush ruleset`, which leaves out what is owned.
  void flush() {
    if (capabilities_.owns) return;
    table_.reset();
    frames_.reset();
  }
  void tamper(const std::string&
                  deviation);  // alters a rule: read() shows this line until the table is replaced

  // ---- this host, as its routes know it ----
  std::set<IpAddress> own_addresses;
  std::map<std::string, std::vector<Prefix>> routes;  // what is reached through each link

  // ---- traffic ----
  std::size_t most_flows = 262'144;
  // Under which address a packet is sent, and the link by which it came; empty: of this host.
  struct Sender {
    IpAddress address;
    std::string link = {};
  };
  // The same as below, of whoever speaks under whichever address. Whether it was let out.
  bool connect(const Endpoint& destination, const Sender& sender);
  // The first packet of a flow of some program on the host: counted, and tracked if accepted. What
  // is redirected to the guard of the DNS becomes a flow to there. With no table everything passes.
  bool connect(const Endpoint& destination);
  // Those that are tracked, with whether they were cut.
  const std::vector<nft::Session>& tracked() const { return tracked_; }
  bool is_closed() const { return table_.has_value() && !table_->base.is_audit; }
  bool is_in_panic() const { return table_.has_value() && table_->base.is_panic; }

 private:
  struct Element {
    Instant end = kNever;
  };
  using Held = std::map<nft::ElementKey, Element>;
  struct Table {
    nft::Base base;
    Held elements;
    std::map<Endpoint, std::uint64_t> hits;
    std::map<Endpoint, Instant> hit_at;
    std::map<Endpoint, std::uint64_t> refusals;
    std::map<Endpoint, Instant> refused_at;
    std::map<Endpoint, std::uint64_t> verified;
    std::uint64_t refused_packets = 0;
    std::vector<std::string> deviations;
  };
  // The state before a command, to take the batch back.
  struct Undo {
    nft::ElementKey key;
    std::optional<Element> before;
  };

  int apply(const nft::Transaction& transaction, nft::ElementKey& fault);
  int apply(const nft::Command& command, std::vector<Undo>& undo);
  int add(const nft::Command& command);
  bool has_corner_in_another(const nft::ElementKey& key) const;
  bool is_live(const Element& element) const { return element.end > clock_.now(); }
  bool admits(const Endpoint& destination) const;
  bool is_announced(nft::SetId set, const Endpoint& destination) const;
  void count(const Endpoint& destination, bool is_admitted);
  bool is_for_guard(const Endpoint& destination) const;
  bool speaks_for_itself(const Sender& sender) const;

  const Clock& clock_;
  nft::Capabilities capabilities_;
  std::optional<Table> table_;
  std::vector<nft::Session> tracked_;
  std::optional<nft::FrameFilter> frames_;
  std::map<std::uint64_t, int> refusals_ahead_;
  std::map<std::uint64_t, Fate> losses_ahead_;
  std::uint64_t commits_ = 0;
  std::uint64_t commands_ = 0;
};

}  // namespace egress::test
