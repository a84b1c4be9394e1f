// The difference between two rulesets, as one atomic batch.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "egress/nft/ruleset.hpp"

namespace egress::nft {

// What the kernel can do, found by create-and-read-back, never by version.
struct Capabilities {
  bool updates_timeout =
      true;              // adding an element that exists takes the new timeout (Linux >= 6.12)
  bool destroys = true;  // NFT_MSG_DESTROYSETELEM: deletion that tolerates absence (Linux >= 6.3)
  bool logs = true;      // the `log` statement
  bool counts_destinations = true;  // dynamic sets with a counter on each element
  bool deletes_flows = true;        // conntrack entries can be listed and marked: cut_flows() works
  bool owns = true;  // the table can be ours alone (NFT_TABLE_F_OWNER and _PERSIST, Linux >= 6.9)
  bool filters_frames =
      true;  // the egress hook of devices (Linux >= 5.16), and a route to ask for: FrameFilter
  bool redirects =
      true;  // nat chains of the inet family and `redirect`: the DNS guard gets the questions
  bool asks_routes = true;  // `fib`: whose a source address is
  bool has_zones = true;    // `ct zone set`: our own questions are tracked, apart from all others
  bool finds_sockets = true;  // `socket wildcard` (Linux >= 5.10): whether a socket takes a packet
  bool leads = true;          // `dnat`: where a packet goes may be said without its link's address
  bool operator==(const Capabilities&) const = default;
};

struct LiveElement {
  ElementKey key;
  milliseconds expires{0};  // what is left; 0: permanent
};

struct Change {
  enum class Verb : std::uint8_t {
    add,     // absent before
    renew,   // present; gets a new lifetime
    remove,  // present, or expired meanwhile: both are fine
  };
  Verb verb = Verb::add;
  ElementKey key;
  milliseconds lifetime{0};  // 0: permanent
  bool operator==(const Change&) const = default;
};

// Applied whole or not at all. With `replace` the table comes to hold just these rules and
// elements, whatever it held before, and no packet meets a moment without rules; the changes are
// then all additions, sorted by key.
struct Transaction {
  std::optional<Base> replace;
  std::vector<Change> changes;
  bool empty() const { return !replace && changes.empty(); }
  bool operator==(const Transaction&) const = default;
};

// From nothing we can rely on: replaces the table.
Transaction install(const Ruleset& desired, Instant now);

// From what is installed to what is desired, over all elements. A different base replaces the
// table. `installed` and `desired` ends are compared exactly.
Transaction diff(const Ruleset& installed, const Ruleset& desired, Instant now);

// The same for the elements of one key range only (the hot path): `installed` and `desired` hold
// just those.
std::vector<Change> diff(const Elements& installed, const Elements& desired, Instant now);

// The same for elements that stand already, as the kernel lists them (sorted by key): `additions`
// are what a replacement would add to an empty set. An element that stays for good is not touched,
// so that no packet misses it.
std::vector<Change> onto(std::span<const LiveElement> standing, std::span<const Change> additions);

// What the kernel holds once it has acknowledged.
void apply(const Transaction& transaction, Instant now, Ruleset& installed);

// A single message to the kernel, after the capabilities have decided how a change is said.
struct Command {
  enum class Verb : std::uint8_t {
    add,      // NEWSETELEM without NLM_F_EXCL: an element that exists stays (and on new kernels is
              // updated)
    remove,   // DELSETELEM: ENOENT when absent, which voids the batch
    destroy,  // DESTROYSETELEM
  };
  Verb verb = Verb::add;
  ElementKey key;
  milliseconds lifetime{0};
  bool operator==(const Command&) const = default;
};
// remove -> destroy, or add + remove where that is missing (the element may have expired unseen);
// renew -> add, or add + remove + add where adding does not take the new timeout.
// All removals come before all additions, since intervals may not overlap at any moment of the
// batch.
std::vector<Command> lower(std::span<const Change> changes, const Capabilities& capabilities);

}  // namespace egress::nft
