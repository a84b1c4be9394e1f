#include "egress/dns/name_table.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"

namespace egress::dns {
namespace {

constexpr seconds kHighestTtl{std::int64_t{1} << 31};

Instant earliest_deadline(const NameState& state) {
  Instant earliest = kNever;
  for (const FamilyState* family : {&state.v4, &state.v6})
    if (family->phase == FamilyState::Phase::waiting)
      earliest = std::min(earliest, family->next_ask);
  for (const HeldAddress& held : state.addresses) earliest = std::min(earliest, held.expires);
  return earliest;
}

HeldAddress* find_held(NameState& state, const IpAddress& address) {
  const auto at = std::ranges::find(state.addresses, address, &HeldAddress::address);
  return at == state.addresses.end() ? nullptr : &*at;
}

seconds pause_after(const FamilyState& family, const Lifetimes& lifetimes) {
  if (is_failure(family.status)) return retry_delay(family.failures);
  if (family.status == Status::nodata) return clamp_ttl(limits::kNegativeRefresh, lifetimes);
  return clamp_ttl(family.ttl, lifetimes);
}

}  // namespace

seconds clamp_ttl(seconds ttl, const Lifetimes& lifetimes) {
  if (ttl >= kHighestTtl) return lifetimes.min_ttl;
  return std::clamp(ttl, lifetimes.min_ttl, lifetimes.max_ttl);
}

seconds retry_delay(int failures) {
  seconds delay = limits::kRetryFast;
  for (int i = limits::kRetryFastCount; i < failures && delay < limits::kRetrySlowest; ++i)
    delay *= 2;
  return std::min<seconds>(delay, limits::kRetrySlowest);
}

const HeldAddress* NameState::find(const IpAddress& address) const {
  const auto at = std::ranges::find(addresses, address, &HeldAddress::address);
  return at == addresses.end() ? nullptr : &*at;
}

void NameTable::follow(const DnsName& name, Instant now) {
  const auto [at, is_new] =
      names_.try_emplace(name, NameState{.v4 = {.next_ask = now}, .v6 = {.next_ask = now}});
  if (!is_new) return;
  for (const Family family : {Family::ipv6, Family::ipv4})
    enqueue(at->first, at->second, family, true);
}

NameTable::Touched NameTable::forget(const DnsName& name) {
  const auto at = names_.find(name);
  if (at == names_.end()) return {};
  Touched touched;
  for (const HeldAddress& held : at->second.addresses) {
    release(at->first, held.address);
    touched.push_back(held.address);
  }
  schedule(at->first, at->second, kNever);
  names_.erase(at);
  return touched;
}

NameTable::Touched NameTable::restore(const DnsName& name, const IpAddress& address,
                                      Instant expires, Instant now) {
  const auto at = names_.find(name);
  if (at == names_.end() || expires <= now) return {};
  if (at->second.find(address) || at->second.addresses.size() >= limits::kAddressesPerName)
    return {};
  const Instant latest = now + lifetimes_.max_ttl + lifetimes_.grace;
  hold(at->first, at->second,
       {.address = address,
        .first_seen = now,
        .last_seen = now,
        .expires = std::min(expires, latest)});
  reschedule(at->first, at->second);
  return {address};
}

NameTable::Touched NameTable::absorb(const Answer& answer, Instant now) {
  const Question& question = answer.question;
  if (in_flight_.erase(question) == 0)
    return {};  // late or doubled: its question has been answered before
  const auto at = names_.find(question.name);
  if (at == names_.end()) return {};
  NameState& state = at->second;
  FamilyState& family = state.family(question.family);
  if (family.phase != FamilyState::Phase::asked) return {};

  family.phase = FamilyState::Phase::waiting;
  family.was_answered = true;
  family.status = answer.status;
  family.answered_at = now;
  family.failures = is_failure(answer.status) ? family.failures + 1 : 0;
  Touched touched;
  if (answer.status == Status::ok) {
    family.ttl = answer.ttl;
    family.chain = answer.chain;
    take_addresses(answer, at->first, state, now, touched);
  } else {
    for (const HeldAddress& held : state.addresses)
      if (held.address.family() == question.family) touched.push_back(held.address);
  }
  family.next_ask = now + pause_after(family, lifetimes_);
  reschedule(at->first, state);
  return touched;
}

// Addresses of other families in an answer are ignored: A gives IPv4, AAAA gives IPv6, nothing
// else.
void NameTable::take_addresses(const Answer& answer, const DnsName& name, NameState& state,
                               Instant now, Touched& touched) {
  for (HeldAddress& held : state.addresses) {
    if (held.address.family() != answer.question.family || !held.is_current) continue;
    held.is_current = false;
    touched.push_back(held.address);
  }
  const Instant expires = now + clamp_ttl(answer.ttl, lifetimes_) + lifetimes_.grace;
  if (state.addresses.empty()) state.addresses.reserve(answer.addresses.size());
  for (const IpAddress& address : answer.addresses) {
    if (address.family() != answer.question.family) continue;
    if (HeldAddress* held = find_held(state, address)) {
      held->last_seen = now;
      held->expires = std::max(held->expires, expires);
      held->is_current = true;
    } else if (make_room(name, state, touched)) {
      hold(name, state,
           {.address = address,
            .first_seen = now,
            .last_seen = now,
            .expires = expires,
            .is_current = true});
    }
    touched.push_back(address);
  }
}

// Past the limit the address that would end first leaves; addresses of the answer being taken never
// do.
bool NameTable::make_room(const DnsName& name, NameState& state, Touched& touched) {
  if (state.addresses.size() < limits::kAddressesPerName) return true;
  auto first_to_end = state.addresses.end();
  for (auto at = state.addresses.begin(); at != state.addresses.end(); ++at)
    if (!at->is_current &&
        (first_to_end == state.addresses.end() || at->expires < first_to_end->expires))
      first_to_end = at;
  if (first_to_end == state.addresses.end()) return false;
  touched.push_back(first_to_end->address);
  release(name, first_to_end->address);
  state.addresses.erase(first_to_end);
  return true;
}

NameTable::Touched NameTable::advance(Instant now) {
  Touched touched;
  while (!schedule_.empty() && schedule_.begin()->deadline <= now) {
    const DnsName& name = *schedule_.begin()->name;
    NameState& state = names_.at(name);
    std::erase_if(state.addresses, [&](const HeldAddress& held) {
      if (held.expires > now) return false;
      release(name, held.address);
      touched.push_back(held.address);
      return true;
    });
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const FamilyState& family_state = state.family(family);
      if (family_state.phase == FamilyState::Phase::waiting && family_state.next_ask <= now)
        enqueue(name, state, family, false);
    }
    reschedule(name, state);
  }
  return touched;
}

std::vector<Question> NameTable::take_questions() {
  std::vector<Question> questions;
  while (!queue_.empty() && in_flight_.size() < limits::kLookupsInFlight) {
    Question question = std::move(queue_.front());
    queue_.pop_front();
    const auto at = names_.find(question.name);
    if (at == names_.end()) continue;  // forgotten meanwhile
    FamilyState& family = at->second.family(question.family);
    if (family.phase != FamilyState::Phase::queued) continue;  // and followed again
    family.phase = FamilyState::Phase::asked;
    // A name dropped and added again meanwhile: the answer still under way will do.
    if (in_flight_.insert(question).second) questions.push_back(std::move(question));
  }
  return questions;
}

void NameTable::retry_failing(Instant now) {
  for (auto& [name, state] : names_) {
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      FamilyState& family_state = state.family(family);
      if (family_state.phase != FamilyState::Phase::waiting || !is_failure(family_state.status))
        continue;
      family_state.failures = 0;
      family_state.next_ask = now;
    }
    reschedule(name, state);
  }
}

Instant NameTable::next_deadline() const {
  return schedule_.empty() ? kNever : schedule_.begin()->deadline;
}

const NameState* NameTable::find(const DnsName& name) const {
  const auto at = names_.find(name);
  return at == names_.end() ? nullptr : &at->second;
}

std::span<const DnsName* const> NameTable::owners(const IpAddress& address) const {
  const auto at = owners_.find(address);
  if (at == owners_.end()) return {};
  return at->second;
}

void NameTable::enqueue(const DnsName& name, NameState& state, Family family, bool ahead) {
  state.family(family).phase = FamilyState::Phase::queued;
  if (ahead)
    queue_.push_front({name, family});
  else
    queue_.push_back({name, family});
}

void NameTable::schedule(const DnsName& name, NameState& state, Instant deadline) {
  if (state.deadline == deadline) return;
  if (state.deadline != kNever) schedule_.erase({state.deadline, &name});
  state.deadline = deadline;
  if (deadline != kNever) schedule_.insert({deadline, &name});
}

void NameTable::reschedule(const DnsName& name, NameState& state) {
  schedule(name, state, earliest_deadline(state));
}

void NameTable::hold(const DnsName& name, NameState& state, const HeldAddress& held) {
  state.addresses.push_back(held);
  owners_[held.address].push_back(&name);
}

void NameTable::release(const DnsName& name, const IpAddress& address) {
  const auto at = owners_.find(address);
  if (at == owners_.end()) return;
  std::erase(at->second, &name);
  if (at->second.empty()) owners_.erase(at);
}

}  // namespace egress::dns
