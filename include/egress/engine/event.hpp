// What reaches the engine, and what it wants done.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "egress/dns/known_address.hpp"
#include "egress/dns/lookup.hpp"
#include "egress/nft/kernel.hpp"
#include "egress/policy/policy.hpp"

namespace egress::engine {

// ---- events ----------------------------------------------------------------

struct PolicyChanged {
  std::shared_ptr<const policy::Policy> policy;
  WallTime wall;  // the civil time now: what `until` is measured against
};
struct ResolversChanged {
  policy::Resolvers resolvers;  // those in force, from the policy or the system
};
struct OwnAddressesChanged {
  std::set<IpAddress> addresses;
};
struct LinksChanged {
  std::vector<nft::Link> links;  // all of this host
};
// An address from the last-known-good file, and the civil time now.
struct Restored {
  dns::KnownAddress known;
  WallTime wall;
};
struct Answered {
  dns::Answer answer;
  bool is_awaited = false;  // a program will be told of it: its elements get their exact ends
};
// A program asked the guard and waits for the answer. Asked once, however many wait.
struct Wanted {
  dns::Question question;
};
// A program is about to be told of an answer that is held: its name is in use, its elements get
// their exact ends.
struct Used {
  dns::Question question;
};
// Whose program asked for a name that is held.
struct Asker {
  DnsName name;
  std::uint32_t user = 0;
};
// The kernel's word on the last Commit action.
struct CommitDone {
  nft::CommitOutcome outcome;
};
// The kernel's word on the last FilterFrames action.
struct FramesFiltered {
  nft::CommitOutcome outcome;
};
// Our table may no longer be what we believe: install it anew.
struct TableDoubted {};
// What root has made of the policy for a while, from outside of it.
enum class Posture : std::uint8_t {
  enforcing,  // as the policy says
  open,       // nothing is refused
  panic,      // nothing but loopback passes
};
std::string_view text(Posture posture);
struct PostureChanged {
  Posture posture = Posture::enforcing;
  Instant until = kNever;                // then it is enforcing again
  std::optional<WallTime> until_wall{};  // the same by the civil clock
};

// What the host has open while no earlier run of ours has judged it: its TCP sessions, and which
// networks lie behind which interface.
struct SessionsFound {
  struct Network {
    Prefix prefix;
    std::string interface;
  };
  std::vector<nft::Session> sessions;
  std::vector<Network> networks;
};

// Which networks lie behind which interface now.
struct NetworksFound {
  std::vector<SessionsFound::Network> networks;
};
// How many flows the kernel tracks, told now and then.
struct FlowsCounted {
  nft::FlowCount count;
};
// Time servers to which something was let through lately, and when last: those that
// Engine::time_servers_ending() named.
struct TimeServersUsed {
  struct Use {
    IpAddress address;
    Instant at{};
  };
  std::vector<Use> uses;
};
// What came of the last ForgetCrowd action.
struct CrowdForgotten {
  std::size_t count = 0;
};

using Event = std::variant<PolicyChanged, ResolversChanged, OwnAddressesChanged, LinksChanged,
                           Restored, Answered, Wanted, Used, Asker, CommitDone, FramesFiltered,
                           TableDoubted, PostureChanged, SessionsFound, NetworksFound, FlowsCounted, TimeServersUsed, CrowdForgotten>;

// ---- actions ---------------------------------------------------------------

struct Ask {
  dns::Question question;
};
// Exactly one CommitDone must follow before the engine is asked to act again.
struct Commit {
  nft::Transaction transaction;
};
// Make these sessions known, then cut the tracked connections for which Engine::must_end is true.
// Comes before the first commit, so that the owner's session goes on.
struct AdoptFlows {
  std::vector<nft::Session> sessions;
};
// Forget the tracked connections for which Engine::is_strangers is true, so that their next packet is
// judged as the first.
struct ForgetStrangers {};
// So many flows are tracked that soon none can begin: forget this many of those that stay on this host,
// as thin_out() does, but leave so many of them: if they are fewer, it is others that fill the table.
// Exactly one CrowdForgotten must follow.
struct ForgetCrowd {
  std::size_t excess = 0;
  std::size_t spared = 0;
};
// Exactly one FramesFiltered must follow.
struct FilterFrames {
  nft::FrameFilter filter;
};
// Cut the tracked connections for which Engine::must_cut is true.
struct CutFlows {
  std::vector<nft::ElementKey> revoked;
};
// A table with the guard has just been made, or one without it after it: forget the tracked
// connections for which is_misled() is true, so that their next packets go where they should.
struct ForgetQuestions {};
// A table that refuses has just taken the place of one that let everything pass: cut the tracked
// connections for which is_unlisted() is true.
struct CutUnlisted {};
// Write the last-known-good file.
struct SaveKnown {};
// A time-boxed entry is over and closed; the policy may forget it.
struct GrantEnded {
  std::string target;
};
// One line for the log: a decision, with key=value fields. Values from outside are not yet escaped.
struct Notice {
  enum class Level { debug, info, warning, error };
  Level level = Level::info;
  std::string event;  // "name-failed"
  std::vector<std::pair<std::string, std::string>> fields;
};

using Action = std::variant<Ask, AdoptFlows, ForgetStrangers, ForgetCrowd, Commit, FilterFrames, CutFlows, CutUnlisted,
                            ForgetQuestions, SaveKnown, GrantEnded, Notice>;

}  // namespace egress::engine
