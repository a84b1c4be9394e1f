#include "sim/witness.hpp"

#include <algorithm>
#include <utility>

#include "egress/core/limits.hpp"

namespace egress::sim {
namespace {

using policy::AllowEntry;

// The wall clock counts whole seconds, so an end is known to that much.
constexpr seconds kClockStep{1};

// The simulated zones hold these and public addresses only.
bool is_forbidden(const IpAddress& address) {
  const std::string text = address.text();
  return text == "169.254.169.254" || text == "10.0.0.1" || text == "::ffff:127.0.0.1";
}

seconds clamp(seconds ttl, const policy::Limits& limits) {
  if (ttl.count() >= (std::int64_t{1} << 31) || ttl < limits.min_ttl) return limits.min_ttl;
  return std::min(ttl, limits.max_ttl);
}

bool opens(const AllowEntry& entry, const DnsName& name) {
  const auto is_within = [&](const DnsName& zone) {
    return ("." + name.text()).ends_with("." + zone.text());
  };
  if (const policy::Wildcard* wildcard = entry.wildcard())
    return is_within(wildcard->base) && (wildcard->includes_base || name != wildcard->base) &&
           std::ranges::none_of(wildcard->except, is_within);
  return entry.name() != nullptr && *entry.name() == name;
}

}  // namespace

// How long the guard may give an answer past its TTL.
seconds Witness::stale() const {
  if (policy_->dns.mode != policy::DnsMode::guard) return seconds(0);
  return policy_->limits.stale + limits::kStaleTtl;
}

void Witness::see_policy(std::shared_ptr<const policy::Policy> policy, Instant now, WallTime wall) {
  policy_ = std::move(policy);
  const auto before = std::exchange(ends_, {});
  for (const AllowEntry& entry : policy_->entries) {
    if (!entry.until) continue;
    const Instant end = now + (*entry.until - wall);
    const std::pair key{entry.target(), *entry.until};
    const auto at = before.find(key);
    ends_[key] = at == before.end() ? End{end, end}
                                    : End{std::min(at->second.soonest, end), at->second.latest};
  }
  std::erase_if(latest_, [&](const auto& item) { return !names(item.first.name); });
}

bool Witness::names(const DnsName& name) const {
  return std::ranges::any_of(policy_->entries,
                             [&](const AllowEntry& entry) { return opens(entry, name); });
}

// Of one answer about the name, as the policy stands.
std::size_t Witness::addresses_taken(const DnsName& name) const {
  const bool is_listed = std::ranges::any_of(policy_->entries, [&](const AllowEntry& entry) {
    return entry.name() != nullptr && *entry.name() == name;
  });
  return is_listed ? limits::kAddressesPerAnswer : limits::kAddressesPerLearntAnswer;
}

void Witness::see_answer(const dns::Answer& answer, Instant now) {
  if (!names(answer.question.name)) return;  // revoked while the question was under way
  latest_[answer.question] = {answer, now, addresses_taken(answer.question.name)};
  asked_names_.insert(answer.question.name);
  if (answer.status != dns::Status::ok) return;
  for (const IpAddress& address : answer.addresses) {
    Instant& end = seen_[{answer.question.name, address}].latest_end;
    end = std::max(end, now + clamp(answer.ttl, policy_->limits) + stale() + policy_->limits.grace);
  }
}

void Witness::see_crash(Instant now) {
  latest_.clear();
  ends_.clear();
  const Instant latest = now + policy_->limits.max_ttl + policy_->limits.grace;
  for (auto& [address, sighting] : seen_)
    sighting.latest_end = std::max(sighting.latest_end, latest);
}

Witness::End Witness::end_of(const AllowEntry& entry) const {
  if (!entry.until) return {kNever - kClockStep, kNever - kClockStep};
  return ends_.at({entry.target(), *entry.until});
}

bool Witness::is_justified(const AllowEntry& entry, const Endpoint& endpoint, Instant now) const {
  if (over(entry.transport, endpoint.address.family()) != endpoint.transport ||
      !entry.ports.contains(endpoint.port) || end_of(entry).latest + kClockStep <= now)
    return false;
  if (entry.prefix() != nullptr) return entry.prefix()->contains(endpoint.address);
  if (is_forbidden(endpoint.address)) return false;
  const auto is_open_at = [&](const DnsName& name) {
    const auto at = seen_.find({name, endpoint.address});
    return at != seen_.end() && at->second.latest_end > now;
  };
  if (entry.name() != nullptr) return is_open_at(*entry.name());
  return std::ranges::any_of(
      asked_names_, [&](const DnsName& name) { return opens(entry, name) && is_open_at(name); });
}

std::string Witness::objection(const nft::LiveElement& element, Instant now) const {
  const nft::ElementKey& key = element.key;
  if (key.set == nft::SetId::resolvers) return "";
  for (const IpAddress& address : {key.first, key.last})
    for (const Port port : {key.ports.first, key.ports.last}) {
      const Endpoint corner{address, key.transport, port};
      const auto justifies = [&](const AllowEntry& entry) {
        return is_justified(entry, corner, now);
      };
      if (std::ranges::none_of(policy_->entries, justifies))
        return corner.text() + " is open without a reason";
    }
  return "";
}

// A name with so many addresses may have lost any of them to the limit.
bool Witness::is_crowded(const DnsName& name) const {
  const auto of_name = [&](const auto& item) { return item.first.first == name; };
  return std::ranges::count_if(seen_, of_name) > 1000;
}

std::vector<Endpoint> Witness::owed(Instant now) const {
  std::vector<Endpoint> owed;
  for (const AllowEntry& entry : policy_->entries) {
    if (entry.name() == nullptr || end_of(entry).soonest - kClockStep <= now ||
        is_crowded(*entry.name()))
      continue;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const auto at = latest_.find({*entry.name(), family});
      if (at == latest_.end() || at->second.answer.status != dns::Status::ok) continue;
      const auto& [answer, since, taken] = at->second;
      if (now >= since + policy_->limits.min_ttl) continue;
      std::size_t count = 0;
      for (const IpAddress& address : answer.addresses)
        if (address.family() == family && ++count <= taken && !is_forbidden(address))
          owed.push_back(entry.first_at(address));
    }
  }
  return owed;
}

}  // namespace egress::sim
