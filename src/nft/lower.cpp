#include "egress/nft/transaction.hpp"

namespace egress::nft {
namespace {

bool must_go_first(const Change& change, const Capabilities& capabilities) {
  return change.verb == Change::Verb::remove ||
         (change.verb == Change::Verb::renew && !capabilities.updates_timeout);
}

// The element may have expired since, and deleting an absent one voids the batch: where deletion
// does not tolerate that, the element is first added (which leaves a present one alone), then
// deleted.
void lower_removals(std::span<const Change> changes, const Capabilities& capabilities,
                    std::vector<Command>& commands) {
  const auto say = [&](Command::Verb verb) {
    for (const Change& change : changes) {
      if (!must_go_first(change, capabilities)) continue;
      commands.push_back({verb, change.key, milliseconds{0}});
    }
  };
  if (capabilities.destroys) return say(Command::Verb::destroy);
  say(Command::Verb::add);
  say(Command::Verb::remove);
}

}  // namespace

std::vector<Command> lower(std::span<const Change> changes, const Capabilities& capabilities) {
  std::vector<Command> commands;
  commands.reserve(changes.size());
  lower_removals(changes, capabilities, commands);
  for (const Change& change : changes) {
    if (change.verb == Change::Verb::remove) continue;
    commands.push_back({Command::Verb::add, change.key, change.lifetime});
  }
  return commands;
}

}  // namespace egress::nft
