#include "egress/dns/name_table.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"

namespace egress::dns {
namespace {

constexpr seconds kHighestTtl{std::int64_t{1} << 31};

HeldAddress* find_held(NameState& state, const IpAddress& address) {
  const auto at = std::ranges::find(state.addresses, address, &HeldAddress::address);
  return at == state.addresses.end() ? nullptr : &*at;
}

bool is_under_way(const FamilyState& family) {
  return family.phase != FamilyState::Phase::waiting;
}

std::size_t most_addresses(const NameState& state) {
  return state.group == nullptr ? limits::kAddressesPerName : limits::kAddressesPerLearntName;
}

std::size_t most_of_an_answer(const NameState& state) {
  return state.group == nullptr ? limits::kAddressesPerAnswer : limits::kAddressesPerLearntAnswer;
}

seconds pause_after(const FamilyState& family, const Lifetimes& lifetimes) {
  if (is_failure(family.status)) return retry_delay(family.failures);
  if (family.status == Status::nodata) return clamp_ttl(limits::kNegativeRefresh, lifetimes);
  return clamp_ttl(family.ttl, lifetimes);
}

}  // namespace

void FamilyState::end(const Answer& answer, Instant now) {
  phase = Phase::waiting;
  was_answered = true;
  status = answer.status;
  answered_at = now;
  resolver = answer.resolver;
  failures = is_failure(answer.status) ? failures + 1 : 0;
}

seconds told_ttl(const FamilyState& answer, const Lifetimes& lifetimes) {
  return answer.ttl >= kHighestTtl ? seconds(0) : std::min(answer.ttl, lifetimes.max_ttl);
}

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
  const auto [at, is_new] = names_.try_emplace(name);
  NameState& state = at->second;
  if (!is_new && state.group == nullptr) return;
  if (!is_new) leave_group(at->first, state);
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    state.family(family).next_ask = now;
    if (!is_under_way(state.family(family))) enqueue(at->first, state, family, true);
  }
  reschedule(at->first, state);
}

void NameTable::want(const Question& question, Instant now) {
  const auto at = names_.find(question.name);
  if (at == names_.end()) return;
  NameState& state = at->second;
  if (state.group != nullptr) move_in_group(at->first, state, now);
  FamilyState& family = state.family(question.family);
  if (family.phase == FamilyState::Phase::asked || family.is_wanted) return;
  family.phase = FamilyState::Phase::queued;
  family.is_wanted = true;
  wanted_.push_back(question);
  reschedule(at->first, state);
}

void NameTable::use_stale(const Question& question, Instant now) {
  const auto at = names_.find(question.name);
  if (at == names_.end()) return;
  // Not for the least that is needed, or it would have to be done again for the next program.
  const Instant enough = now + 2 * limits::kStaleTtl + lifetimes_.grace;
  for (HeldAddress& held : at->second.addresses)
    if (held.address.family() == question.family && held.is_current)
      held.expires = std::max(held.expires, enough);
  reschedule(at->first, at->second);
}

// Up to a fifth sooner by chance (splitmix64), where the moments are to tell nothing.
milliseconds NameTable::jittered(seconds pause) {
  if (!lifetimes_.is_own_clock) return pause;
  std::uint64_t mixed = random_ += 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ mixed >> 30U) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ mixed >> 27U) * 0x94d049bb133111ebU;
  mixed ^= mixed >> 31U;
  const auto fifth = static_cast<std::uint64_t>(milliseconds(pause).count() / 5);
  return pause - milliseconds(fifth == 0 ? 0 : mixed % fifth);
}

NameTable::Touched NameTable::forget(const DnsName& name) {
  const auto at = names_.find(name);
  if (at == names_.end()) return {};
  Touched touched;
  for (const HeldAddress& held : at->second.addresses) {
    release(at->first, at->second, held.address);
    touched.push_back(held.address);
  }
  at->second.addresses.clear();
  schedule(at->first, at->second, kNever);
  if (at->second.group != nullptr) leave_group(at->first, at->second);
  names_.erase(at);
  return touched;
}

NameTable::Touched NameTable::restore(const DnsName& name, const IpAddress& address,
                                      Instant expires, Instant now) {
  const auto at = names_.find(name);
  if (at == names_.end() || expires <= now) return {};
  const NameState& state = at->second;
  if (state.find(address) || state.addresses.size() >= most_addresses(state)) return {};
  if (state.group != nullptr && learnt_addresses_ >= limits::kLearntAddresses) return {};
  const Instant latest = now + lifetimes_.max_ttl + lifetimes_.grace;
  hold(at->first, at->second,
       {.address = address,
        .first_seen = now,
        .last_seen = now,
        .expires = std::min(expires, latest)});
  reschedule(at->first, at->second);
  return {address};
}

NameTable::Touched NameTable::keep(const DnsName& name, const IpAddress& address, Instant expires) {
  const auto at = names_.find(name);
  if (at == names_.end()) return {};
  HeldAddress* held = find_held(at->second, address);
  if (held == nullptr || held->expires >= expires) return {};
  held->expires = expires;
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

  family.end(answer, now);
  Touched touched;
  if (answer.status == Status::ok) {
    family.ttl = answer.ttl;
    family.chain = answer.chain;
    family.zone.clear();
    if (lifetimes_.stale > seconds(0))
      family.stale_until = now + told_ttl(family, lifetimes_) + lifetimes_.stale;
    take_addresses(answer, at->first, state, now, touched);
  } else {
    if (is_negative(answer.status))
      take_negative(answer, state);
    else if (now < family.stale_until)
      stretch(state, question.family, now);
    for (const HeldAddress& held : state.addresses)
      if (held.address.family() == question.family) touched.push_back(held.address);
  }
  family.next_ask =
      state.group != nullptr ? kNever : now + jittered(pause_after(family, lifetimes_));
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
  std::size_t taken = 0;
  for (const IpAddress& address : answer.addresses) {
    if (address.family() != answer.question.family) continue;
    if (++taken > most_of_an_answer(state)) break;
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

// The resolvers say that there is none: what an earlier answer gave is not given any more, and ends
// by itself.
void NameTable::take_negative(const Answer& answer, NameState& state) {
  FamilyState& family = state.family(answer.question.family);
  family.ttl = answer.ttl;
  family.chain = answer.chain;
  family.zone = answer.zone;
  family.stale_until = {};
  for (HeldAddress& held : state.addresses)
    if (held.address.family() == answer.question.family) held.is_current = false;
}

// The resolvers fail, and the last answer is given a while longer: its addresses stay open as long
// as programs may use it, plus the grace.
void NameTable::stretch(NameState& state, Family family, Instant now) const {
  for (HeldAddress& held : state.addresses)
    if (held.address.family() == family && held.is_current)
      held.expires = std::max(held.expires, now + limits::kStaleTtl + lifetimes_.grace);
}

// Past the limit the address that would end first leaves; addresses of the answer being taken never
// do.
bool NameTable::make_room(const DnsName& name, NameState& state, Touched& touched) {
  if (state.addresses.size() < most_addresses(state))
    return state.group == nullptr || make_room_for_learnt(name, touched);
  auto first_to_end = state.addresses.end();
  for (auto at = state.addresses.begin(); at != state.addresses.end(); ++at)
    if (!at->is_current &&
        (first_to_end == state.addresses.end() || at->expires < first_to_end->expires))
      first_to_end = at;
  if (first_to_end == state.addresses.end()) return false;
  touched.push_back(first_to_end->address);
  release(name, state, first_to_end->address);
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
      release(name, state, held.address);
      touched.push_back(held.address);
      return true;
    });
    if (!state.leads.empty())
      drop_leads_of(
          state, [&](const Lead& lead) { return lead.expires <= now; }, touched);
    for (const Family family : kFamilies) {
      const FamilyState& family_state = state.family(family);
      if (!is_under_way(family_state) && family_state.next_ask <= now)
        enqueue(name, state, family, false);
    }
    reschedule(name, state);
    if (state.deadline <= now) forget(DnsName(name));  // learnt, and of no use to anyone any more
  }
  return touched;
}

std::vector<Question> NameTable::take_questions() {
  std::vector<Question> questions;
  while (in_flight_.size() < limits::kLookupsInFlight) {
    std::optional<Question> question = next_question();
    if (!question) break;
    const auto at = names_.find(question->name);
    if (at == names_.end()) continue;  // forgotten meanwhile
    FamilyState& family = at->second.family(question->family);
    if (family.phase != FamilyState::Phase::queued) continue;  // and followed again, or wanted
    family.phase = FamilyState::Phase::asked;
    family.is_wanted = false;
    // A name dropped and added again meanwhile: the answer still under way will do.
    if (in_flight_.insert(*question).second) questions.push_back(*std::move(question));
  }
  return questions;
}

std::optional<Question> NameTable::next_question() {
  std::deque<Question>& from = wanted_.empty() ? queue_ : wanted_;
  if (from.empty()) return std::nullopt;
  Question question = std::move(from.front());
  from.pop_front();
  return question;
}

void NameTable::retry_failing(Instant now) {
  for (auto& [name, state] : names_) {
    if (state.group != nullptr) continue;  // asked for when a program asks
    for (const Family family : kFamilies) {
      FamilyState& family_state = state.family(family);
      if (family_state.phase != FamilyState::Phase::waiting || !is_failure(family_state.status))
        continue;
      family_state.failures = 0;
      family_state.next_ask = now;
    }
    reschedule(name, state);
  }
}

void NameTable::doubt(Instant now, const std::function<bool(const DnsName&)>& is_doubtful) {
  for (auto& [name, state] : names_) {
    if (!is_doubtful(name)) continue;
    for (const Family family : kFamilies) {
      FamilyState& family_state = state.family(family);
      family_state.ttl = seconds(0);
      if (state.group == nullptr && !is_under_way(family_state)) family_state.next_ask = now;
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

Instant NameTable::earliest_deadline(const NameState& state) const {
  Instant earliest = kNever;
  for (const FamilyState* family : {&state.v4, &state.v6})
    if (!is_under_way(*family)) earliest = std::min(earliest, family->next_ask);
  for (const HeldAddress& held : state.addresses) earliest = std::min(earliest, held.expires);
  for (const Lead& lead : state.leads) earliest = std::min(earliest, lead.expires);
  const bool is_idle = !is_under_way(state.v4) && !is_under_way(state.v6);
  if (earliest < kNever || state.group == nullptr || !is_idle) return earliest;
  Instant unused = state.wanted_at + limits::kLearntIdle;
  for (const FamilyState* family : {&state.v4, &state.v6})
    if (family->was_answered)
      unused = std::max(unused, family->answered_at + told_ttl(*family, lifetimes_));
  return unused;
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
  if (state.group == nullptr) return;
  ++learnt_addresses_;
  holders_.insert({state.wanted_at, &name});
}

// The caller takes it out of the state.
void NameTable::release(const DnsName& name, NameState& state, const IpAddress& address) {
  if (state.group != nullptr) --learnt_addresses_;
  const auto at = owners_.find(address);
  if (at == owners_.end()) return;
  std::erase(at->second, &name);
  if (at->second.empty()) owners_.erase(at);
}

}  // namespace egress::dns
