#include "egressd/refusal_room.hpp"

#include <algorithm>
#include <array>

#include "egress/core/limits.hpp"
#include "egress/nft/surplus.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {
namespace {

void forget(const std::vector<Endpoint>& destinations, nft::Transaction& transaction) {
  for (const Endpoint& destination : destinations)
    transaction.changes.push_back(
        {nft::Change::Verb::remove, nft::ElementKey::endpoint(nft::SetId::refused, destination)});
}

}  // namespace

// Each packet fills one place at most.
Instant RefusalRoom::look(Instant now) {
  if (!kernel_.capabilities().counts_destinations) return kNever;
  const auto packets = kernel_.refused_packets();
  const bool is_fewer = packets && seen_ && *packets < *seen_;  // the table was made anew
  if (!packets || (seen_ && !is_fewer && *packets - *seen_ < limits::kRefusalsUnseen))
    return now + limits::kRoomPause;
  seen_ = *packets;
  return now + (make_room() ? milliseconds(limits::kRoomPauseOfFlood) : limits::kRoomPause);
}

bool RefusalRoom::make_room() {
  auto all = kernel_.remembered();
  if (!all) return false;
  const auto v6 = std::ranges::partition(
      *all, [](const nft::Count& one) { return one.destination.address.is_v4(); });
  nft::Transaction transaction;
  forget(nft::surplus({all->begin(), v6.begin()}, limits::kRefusalsKept), transaction);
  forget(nft::surplus({v6.begin(), v6.end()}, limits::kRefusalsKept), transaction);
  if (transaction.empty()) return false;
  const nft::CommitOutcome outcome = kernel_.commit(transaction);
  if (outcome.status != nft::CommitOutcome::Status::committed)
    log(Level::warning, "no-room-for-refusals", {{"message", outcome.message}});
  return true;
}

}  // namespace egress::daemon
