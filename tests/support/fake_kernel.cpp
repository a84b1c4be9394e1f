#include "support/fake_kernel.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "egress/core/address_class.hpp"
#include "egress/core/interface_pattern.hpp"
#include "egress/core/limits.hpp"

namespace egress::test {

using nft::Command;
using nft::CommitOutcome;
using nft::ElementKey;
using nft::SetId;

namespace {

bool is_single(const ElementKey& key) {
  return key.first == key.last && key.ports.is_single();
}

bool is_loopback(const IpAddress& address) {
  return classify(address) == AddressClass::loopback;
}

CommitOutcome refusal(int error, const std::string& object) {
  return {
      .status = CommitOutcome::Status::refused,
      .error = error,
      .message = "the kernel refused " + object + ": " + std::generic_category().message(error)};
}

}  // namespace

void FakeKernel::refuse_commit(std::uint64_t nth, int error) {
  refusals_ahead_[nth] = error;
}

void FakeKernel::lose_acknowledgement(std::uint64_t nth, Fate fate) {
  losses_ahead_[nth] = fate;
}

void FakeKernel::tamper(const std::string& deviation) {
  if (table_) table_->deviations.push_back(deviation);
}

CommitOutcome FakeKernel::commit(const nft::Transaction& transaction) {
  if (transaction.empty()) return {};
  ++commits_;
  if (const auto refused = refusals_ahead_.find(commits_); refused != refusals_ahead_.end()) {
    return refusal(refused->second, "the batch as a whole");
  }
  const auto lost = losses_ahead_.find(commits_);
  if (lost == losses_ahead_.end() || lost->second == Fate::applied) {
    ElementKey fault;
    if (const int error = apply(transaction, fault)) {
      return refusal(error, "element " + fault.text());
    }
  }
  if (lost == losses_ahead_.end()) return {};
  return {.status = CommitOutcome::Status::unknown,
          .error = ENOBUFS,
          .message = "the kernel's acknowledgement was lost"};
}

int FakeKernel::apply(const nft::Transaction& transaction, ElementKey& fault) {
  std::optional<Table> before;
  if (transaction.replace) {
    before = std::move(table_);
    Table fresh;
    fresh.base = *transaction.replace;
    if (before && before->base.counts_destinations == fresh.base.counts_destinations) {
      fresh.hits = before->hits;
      fresh.hit_at = before->hit_at;
      fresh.refusals = before->refusals;
      fresh.refused_at = before->refused_at;
      fresh.refused_packets = before->refused_packets;
    }
    table_ = std::move(fresh);
  } else if (!table_) {
    fault = transaction.changes.front().key;
    return ENOENT;
  }
  const auto batch = nft::lower(transaction.changes, capabilities_);
  std::vector<Undo> undo;
  for (const Command& command : batch) {
    const int error = apply(command, undo);
    if (error == 0) continue;
    fault = command.key;
    if (transaction.replace) {
      table_ = std::move(before);
    } else {
      for (auto it = undo.rbegin(); it != undo.rend(); ++it) {
        table_->elements.erase(it->key);
        if (it->before) table_->elements.emplace(it->key, *it->before);
      }
    }
    return error;
  }
  commands_ += batch.size();
  return 0;
}

int FakeKernel::apply(const Command& command, std::vector<Undo>& undo) {
  if (command.key.set == SetId::refused && command.verb != Command::Verb::add) {
    const Endpoint forgotten{command.key.first, command.key.transport, command.key.ports.first};
    table_->refusals.erase(forgotten);
    table_->refused_at.erase(forgotten);
    return 0;
  }
  const auto found = table_->elements.find(command.key);
  const bool is_held = found != table_->elements.end();
  undo.push_back({command.key, is_held ? std::optional(found->second) : std::nullopt});
  if (command.verb == Command::Verb::add) return add(command);
  if (command.verb == Command::Verb::destroy && !capabilities_.destroys) return EOPNOTSUPP;
  const bool is_present = is_held && is_live(found->second);
  if (is_held) table_->elements.erase(found);
  return is_present || command.verb == Command::Verb::destroy ? 0 : ENOENT;
}

int FakeKernel::add(const Command& command) {
  const bool is_timed = command.lifetime.count() > 0;
  if (is_timed && command.key.set == SetId::resolvers) return EINVAL;
  if (command.key.set != SetId::nets && !is_single(command.key)) return EINVAL;
  if (nft::is_of_names(command.key.set) &&
      has_ports(command.key.transport) != (command.key.set == SetId::allow))
    return EINVAL;
  const Instant end = is_timed ? clock_.now() + command.lifetime : kNever;
  const auto found = table_->elements.find(command.key);
  if (found != table_->elements.end() && is_live(found->second)) {
    if (capabilities_.updates_timeout) found->second.end = end;
    return 0;
  }
  if (has_corner_in_another(command.key)) return ENOTEMPTY;
  table_->elements.insert_or_assign(command.key, Element{end});
  return 0;
}

// The kernel refuses an interval whose lowest or highest key another one holds. It does not notice
// every overlap.
bool FakeKernel::has_corner_in_another(const ElementKey& key) const {
  if (key.set != SetId::nets) return false;
  const Endpoint low{key.first, key.transport, key.ports.first};
  const Endpoint high{key.last, key.transport, key.ports.last};
  ElementKey lowest;
  lowest.set = SetId::nets;
  lowest.first = IpAddress::lowest(key.family());
  for (auto it = table_->elements.lower_bound(lowest); it != table_->elements.end(); ++it) {
    const auto& [other, element] = *it;
    if (other.set != SetId::nets || other.first > key.last) return false;
    if (is_live(element) && (other.contains(low) || other.contains(high))) return true;
  }
  return false;
}

bool FakeKernel::holds(const nft::ElementKey& key) {
  if (!table_) return false;
  const auto at = table_->elements.find(key);
  return at != table_->elements.end() && is_live(at->second);
}

std::optional<milliseconds> FakeKernel::last_hit(const Endpoint& destination) {
  if (!table_ || !table_->hit_at.contains(destination)) return std::nullopt;
  return clock_.now() - table_->hit_at.at(destination);
}

Result<nft::Snapshot> FakeKernel::read(const nft::Base& expected, const nft::Listing& listing) {
  nft::Snapshot snapshot;
  if (!table_) {
    snapshot.deviations = {"table inet egressd is missing"};
    return snapshot;
  }
  snapshot.is_present = true;
  for (const auto& [key, element] : table_->elements) {
    if (!is_live(element) || key.set == SetId::verified || key.set == SetId::tried) continue;
    const milliseconds left = element.end == kNever ? milliseconds{0} : element.end - clock_.now();
    snapshot.elements.push_back({key, left});
  }
  for (const auto& [destination, packets] : table_->hits)
    snapshot.hits.push_back({destination, packets});
  snapshot.refusals = *remembered();
  for (const auto& [destination, packets] : table_->verified)
    snapshot.verified.push_back({destination, packets});
  if (!listing.elements) snapshot.elements.clear();
  if (!listing.hits) snapshot.hits.clear();
  if (!listing.refusals) snapshot.refusals.clear();
  snapshot.refused_packets = table_->refused_packets;
  snapshot.deviations = table_->deviations;
  if (table_->base != expected) snapshot.deviations.push_back("the chains are of another base");
  return snapshot;
}

Result<std::size_t> FakeKernel::cut_flows(const std::function<bool(const nft::Flow&)>& selects) {
  std::size_t count = 0;
  for (nft::Session& flow : tracked_) {
    if (flow.is_cut || !selects({flow.source.address, flow.destination})) continue;
    flow.is_cut = true;
    ++count;
  }
  return count;
}

Result<std::size_t> FakeKernel::forget_flows(const std::function<bool(const nft::Flow&)>& selects) {
  return std::erase_if(tracked_, [&](const nft::Session& flow) {
    return selects({flow.source.address, flow.destination});
  });
}

Result<nft::Adopted> FakeKernel::adopt_flows(std::span<const nft::Session> sessions) {
  nft::Adopted adopted;
  for (const nft::Session& session : sessions) {
    const auto is_right = [&](const nft::Session& flow) {
      return flow.source == session.source && flow.destination == session.destination;
    };
    const auto is_reversed = [&](const nft::Session& flow) {
      return flow.source == session.destination && flow.destination == session.source;
    };
    if (std::ranges::any_of(tracked_, is_right)) continue;
    const auto reversed = std::ranges::find_if(tracked_, is_reversed);
    if (reversed != tracked_.end() && session.is_cut) {
      if (!std::exchange(reversed->is_cut, true)) ++adopted.cut;
      continue;
    }
    if (reversed != tracked_.end()) tracked_.erase(reversed);
    tracked_.push_back(session);
    ++adopted.made;
    if (session.is_cut) ++adopted.cut;
  }
  return adopted;
}

bool FakeKernel::is_for_guard(const Endpoint& destination) const {
  return table_ && table_->base.dns_guard && destination.port == 53;
}

bool FakeKernel::admits(const Endpoint& destination) const {
  const auto is_held = [&](const ElementKey& key) {
    const auto found = table_->elements.find(key);
    return found != table_->elements.end() && is_live(found->second);
  };
  if (is_held(ElementKey::of_name(destination)) ||
      (!table_->base.dns_guard && is_held(ElementKey::endpoint(SetId::resolvers, destination))))
    return true;
  return std::ranges::any_of(table_->elements, [&](const auto& held) {
    const auto& [key, element] = held;
    return key.set == SetId::nets && is_live(element) && key.contains(destination);
  });
}

bool FakeKernel::is_announced(SetId set, const Endpoint& destination) const {
  const auto found = table_->elements.find(ElementKey::endpoint(set, destination));
  return found != table_->elements.end() && is_live(found->second);
}

void FakeKernel::count(const Endpoint& destination, bool is_admitted) {
  if (!is_admitted) ++table_->refused_packets;
  if (!has_ports(destination.transport)) return;
  if (!is_admitted && is_announced(SetId::verified, destination)) {
    ++table_->verified[destination];
    return;
  }
  if (is_admitted && is_announced(SetId::tried, destination)) return;
  auto& counts = is_admitted ? table_->hits : table_->refusals;
  const std::size_t room = is_admitted ? limits::kHitsRemembered : limits::kRefusalsRemembered;
  if (counts.size() >= room && !counts.contains(destination)) return;
  ++counts[destination];
  (is_admitted ? table_->hit_at : table_->refused_at)[destination] = clock_.now();
}

Result<std::uint64_t> FakeKernel::refused_packets() {
  return table_ ? table_->refused_packets : 0;
}

Result<std::vector<nft::Count>> FakeKernel::remembered() {
  std::vector<nft::Count> all;
  if (!table_) return all;
  for (const auto& [destination, packets] : table_->refusals) {
    const Instant end = table_->refused_at.at(destination) + limits::kRefusalMemory;
    all.push_back({destination, packets, end - clock_.now()});
  }
  return all;
}

bool FakeKernel::connect(const Endpoint& destination) {
  const IpAddress lowest = IpAddress::lowest(destination.address.family());
  const Endpoint source{lowest, destination.transport, 0};
  if (is_for_guard(destination)) {
    const auto loopback = IpAddress::parse(lowest.family() == Family::ipv4 ? "127.0.0.1" : "::1");
    tracked_.push_back({source, {*loopback, destination.transport, table_->base.dns_guard->port}});
    return true;
  }
  bool is_accepted = true;
  if (table_) {
    if (table_->base.is_panic && is_loopback(destination.address)) return true;
    const bool is_admitted = !table_->base.is_panic && admits(destination);
    count(destination, is_admitted);
    is_accepted = is_admitted || table_->base.is_audit;
  }
  if (is_accepted) tracked_.push_back({source, destination});
  return is_accepted;
}

bool FakeKernel::speaks_for_itself(const Sender& sender) const {
  const nft::Base& base = table_->base;
  const auto is_in = [](const auto& all, const auto& one) {
    return std::ranges::find(all, one) != all.end();
  };
  if (sender.link.empty())
    return base.only_sources ? is_in(*base.only_sources, sender.address)
                             : own_addresses.contains(sender.address);
  const bool is_judged = matches_interface(base.forward, sender.link) ||
                         is_in(base.tunnels, sender.link) ||
                         (base.released && !matches_interface(*base.released, sender.link) &&
                          !is_in(base.wires, sender.link));
  if (!is_judged || is_in(base.uplinks, sender.link)) return true;
  for (const auto& [link, prefix] : base.routed)
    if (link == sender.link && prefix.contains(sender.address)) return true;
  const auto through = routes.find(sender.link);
  return !base.only_sources && through != routes.end() &&
         std::ranges::any_of(through->second,
                             [&](const Prefix& prefix) { return prefix.contains(sender.address); });
}

// The source is judged before all else, and nobody is told.
bool FakeKernel::connect(const Endpoint& destination, const Sender& sender) {
  if (table_ && !table_->base.is_audit && !speaks_for_itself(sender)) return false;
  return connect(destination);
}

CommitOutcome FakeKernel::filter_frames(const nft::FrameFilter& filter) {
  for (const nft::Link& link : filter.links)
    if (absent_links.contains(link.name)) return refusal(ENOENT, "chain egress");
  frames_.reset();
  if (!filter.links.empty()) frames_ = filter;
  return {};
}

Result<nft::FrameSnapshot> FakeKernel::read_frames(const nft::FrameFilter& expected) {
  nft::FrameSnapshot snapshot;
  if (frames_.value_or(nft::FrameFilter{}).links != expected.links)
    snapshot.deviations.push_back(frames_ ? "other links" : "table netdev egressd is missing");
  return snapshot;
}

}  // namespace egress::test
