#include "egress/nft/transaction.hpp"

namespace egress::nft {
namespace {

// An element is desired only while its end lies ahead: a lifetime of 0 would mean permanent.
bool is_due(Instant end, Instant now) {
  return end > now;
}

milliseconds lifetime(Instant end, Instant now) {
  return end == kNever ? milliseconds{0} : end - now;
}

}  // namespace

std::vector<Change> diff(const Elements& installed, const Elements& desired, Instant now) {
  std::vector<Change> changes;
  auto have = installed.begin();
  auto want = desired.begin();
  while (have != installed.end() || want != desired.end()) {
    const bool only_have =
        want == desired.end() || (have != installed.end() && have->first < want->first);
    const bool only_want =
        have == installed.end() || (want != desired.end() && want->first < have->first);
    if (only_have || (!only_want && !is_due(want->second, now))) {
      changes.push_back({Change::Verb::remove, have->first, milliseconds{0}});
    } else if (only_want) {
      if (is_due(want->second, now)) {
        changes.push_back({Change::Verb::add, want->first, lifetime(want->second, now)});
      }
    } else if (have->second != want->second) {
      changes.push_back({Change::Verb::renew, want->first, lifetime(want->second, now)});
    }
    if (!only_want) ++have;
    if (!only_have) ++want;
  }
  return changes;
}

std::vector<Change> onto(std::span<const LiveElement> standing, std::span<const Change> additions) {
  std::vector<Change> changes;
  auto have = standing.begin();
  for (const Change& wanted : additions) {
    for (; have != standing.end() && have->key < wanted.key; ++have)
      changes.push_back({Change::Verb::remove, have->key, milliseconds{0}});
    if (have == standing.end() || have->key != wanted.key) {
      changes.push_back(wanted);
      continue;
    }
    const bool is_permanent = wanted.lifetime == milliseconds{0};
    if (!is_permanent || have->expires != milliseconds{0})
      changes.push_back({Change::Verb::renew, wanted.key, wanted.lifetime});
    ++have;
  }
  for (; have != standing.end(); ++have)
    changes.push_back({Change::Verb::remove, have->key, milliseconds{0}});
  return changes;
}

Transaction install(const Ruleset& desired, Instant now) {
  return {.replace = desired.base, .changes = diff(Elements{}, desired.elements, now)};
}

Transaction diff(const Ruleset& installed, const Ruleset& desired, Instant now) {
  if (installed.base != desired.base) return install(desired, now);
  return {.replace = std::nullopt, .changes = diff(installed.elements, desired.elements, now)};
}

void apply(const Transaction& transaction, Instant now, Ruleset& installed) {
  if (transaction.replace) installed = {.base = *transaction.replace, .elements = {}};
  for (const Change& change : transaction.changes) {
    if (change.verb == Change::Verb::remove) {
      installed.elements.erase(change.key);
    } else {
      const bool is_permanent = change.lifetime == milliseconds{0};
      installed.elements.insert_or_assign(change.key,
                                          is_permanent ? kNever : now + change.lifetime);
    }
  }
}

}  // namespace egress::nft
