// The door to the packet filter. Real: src/adapters/netlink. Fake: tests/support/fake_kernel. One
// contract suite (tests/contract) holds both to the same behaviour.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "egress/core/result.hpp"
#include "egress/nft/frames.hpp"
#include "egress/nft/layout.hpp"
#include "egress/nft/others.hpp"
#include "egress/nft/transaction.hpp"

namespace egress::nft {

struct CommitOutcome {
  enum class Status {
    committed,  // acknowledged: it holds
    refused,    // an error came back: nothing of it holds
    unknown,    // the acknowledgement was lost (ENOBUFS, timeout): read back or replace
  };
  Status status = Status::committed;
  int error = 0;                             // errno of a refusal
  std::string message;                       // which object the kernel refused, and what to do
  std::chrono::microseconds kernel_time{0};  // from send to acknowledgement
};

// A destination that was let through or refused lately, with how often: for a connection that is
// let through, its first packet. Only TCP and UDP have one; other protocols count in
// Snapshot::refused_packets alone.
struct Count {
  Endpoint destination;
  std::uint64_t packets = 0;
  milliseconds left{0};  // until it is forgotten, if nothing more goes there
  bool operator==(const Count& other) const {
    return destination == other.destination && packets == other.packets;
  }
};

// Which sets read() lists beside the rules. Elements are by far the dearest.
struct Listing {
  bool elements = true;
  bool hits = true;
  bool refusals = true;
};

// The table as the kernel holds it. Its rules are of one moment, and so are its elements, unless the
// table changed however often they were read: then each was held at some moment of the reading.
// What is left of an element is told as of the beginning.
struct Snapshot {
  bool is_present = false;
  std::vector<LiveElement> elements;  // sorted by key
  std::vector<Count> hits;            // sorted by destination
  std::vector<Count> refusals;        // likewise
  std::vector<Count> probed;          // likewise: refusals of what `egressctl verify` has announced,
  std::vector<Count> verified;        // and of what root's has, which are not among `refusals`
  std::uint64_t refused_packets = 0;
  std::uint64_t foreign_packets = 0;  // whose source was not their sender's
  std::uint64_t crowded_packets = 0;  // that would have begun more flows than their sender's share
  std::uint64_t refused_frames = 0;  // by the frame filter, which read() leaves out
  // Where chains, rules, sets or hooks differ from layout(base), one line each; empty: exactly as
  // desired.
  std::vector<std::string> deviations;
};

// A tracked connection, by its original direction as the filter sees it (after destination NAT).
// For a protocol without ports the transport is its number all the same, and the port 0; of ICMP
// other than an echo request it is the type, which no element admits.
struct Flow {
  IpAddress source;
  Endpoint destination;
  seconds left{0};  // until it is forgotten, if no packet of it comes
  Port asked = 0;   // the destination's port before translation
};

struct FlowCount {
  std::size_t tracked = 0;
  std::size_t most = 0;  // what is new beyond that is dropped
  bool operator==(const FlowCount&) const = default;
};

// A TCP connection, or a UDP flow answered before, that nothing tracked, by its original direction.
struct Session {
  Endpoint source;
  Endpoint destination;
  bool is_cut = false;  // known from the start as one that cut_flows() has cut
  auto operator<=>(const Session&) const = default;
};
struct Adopted {
  std::size_t made = 0;  // connections that are tracked from now on, or in the right direction
  std::size_t cut = 0;   // that were not cut before
  bool operator==(const Adopted&) const = default;
};

// The table of the frame filter as the kernel holds it.
struct FrameSnapshot {
  std::uint64_t refused = 0;            // frames
  std::vector<std::string> deviations;  // from layout(filter); empty: exactly as desired
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual const Capabilities& capabilities() const = 0;
  // Blocks until the kernel has answered. Never throws for the kernel's errors.
  virtual CommitOutcome commit(const Transaction& transaction) = 0;
  // Lists the whole table: for people, verification and resync; never on the hot path.
  virtual Result<Snapshot> read(const Base& expected, const Listing& listing = {}) = 0;
  // How many packets were refused. Cheap.
  virtual Result<std::uint64_t> refused_packets() = 0;
  // The destinations among them that are remembered, in no order.
  virtual Result<std::vector<Count>> remembered() = 0;
  // Held links whose last question was dropped on its way to the guard, by another table.
  virtual Result<std::vector<std::string>> unheard_links() = 0;
  // Whether it holds the element now. One lookup.
  virtual bool holds(const ElementKey& key) = 0;
  // How long ago something was last let through to there; empty: nothing that is remembered. One lookup.
  virtual std::optional<milliseconds> last_hit(const Endpoint& destination) = 0;
  // Marks the tracked connections for which `selects` is true, so that from now on every packet
  // that they send is judged as if it were the first. (Deleting the entry would not do: a packet
  // from the peer would make it anew, and what follows would count as the established answer.)
  // Returns how many of them were open still.
  virtual Result<std::size_t> cut_flows(const std::function<bool(const Flow&)>& selects) = 0;
  // Deletes the tracked connections for which `selects` is true, so that their next packet is new:
  // address translation (the redirect to the DNS guard) is decided once, by the first packet.
  // Returns how many.
  virtual Result<std::size_t> forget_flows(const std::function<bool(const Flow&)>& selects) = 0;
  // One question.
  virtual Result<FlowCount> count_flows() = 0;
  // Makes sessions known to the connection tracking, which takes whoever's packet it sees first for
  // the one that began. One that is tracked in this direction stays as it is (where it really goes
  // is for cut_flows() to see); one tracked in the other direction is tracked anew, or cut as it
  // stands. An error about one does not keep the others from it.
  virtual Result<Adopted> adopt_flows(std::span<const Session> sessions) = 0;
  // Replaces the frame filter in one transaction of its own, since a link that has just gone would
  // make the kernel refuse it. Without links there is no such table.
  virtual CommitOutcome filter_frames(const FrameFilter& filter) = 0;
  virtual Result<FrameSnapshot> read_frames(const FrameFilter& expected) = 0;
  // Lists every rule of every table beside ours: for people and verification.
  virtual Result<std::vector<OtherTable>> other_tables() = 0;
};

}  // namespace egress::nft
