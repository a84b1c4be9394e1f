// What the guard may tell: an answer whose every address the kernel has acknowledged, for as long
// as it was promised.
#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

using dns::FamilyState;

bool is_within_ttl(const FamilyState& lookup, const dns::Lifetimes& lifetimes, Instant now) {
  return now < lookup.answered_at + dns::told_ttl(lookup, lifetimes);
}

bool is_answer(const FamilyState& lookup) {
  return lookup.status == dns::Status::ok || dns::is_negative(lookup.status);
}

// Whether what came last still says something: an answer within its TTL, an old one while the
// resolvers fail, or the failure itself, so that a dead resolver is not asked again for every
// question.
bool counts(const FamilyState& lookup, const dns::Lifetimes& lifetimes, Instant since,
            Instant now) {
  if (!lookup.was_answered) return false;
  if (lookup.answered_at >= since) return true;
  return is_answer(lookup) ? is_within_ttl(lookup, lifetimes, now)
                           : now < lookup.answered_at + limits::kFailureTtl;
}

seconds left(Instant end, Instant now) {
  return std::chrono::floor<seconds>(std::max(end - now, milliseconds(0)));
}

}  // namespace

// Nobody asks the resolvers for it because a program does.
bool Engine::is_given_from_what_is_held(const DnsName& name) const {
  return keeps_own_clock(inputs_) && inputs_.names(name);
}

void Engine::release(const dns::Question& question, Instant since, Instant now,
                     Release& release) const {
  release.state = Release::State::unknown;
  release.is_stale = release.is_filtered = false;
  release.ttl = seconds(0);
  release.addresses.clear();
  release.services.clear();
  release.texts = {};
  release.lookup = nullptr;
  if (question.records != dns::Records::addresses)
    return release_records(question, since, now, release);
  const dns::NameState* state = names_.find(question.name);
  if (state == nullptr) return;
  const FamilyState& lookup = state->family(question.family);
  release.lookup = &lookup;
  release.status = lookup.status;
  const bool is_held = is_given_from_what_is_held(question.name);
  if (!(is_held ? lookup.was_answered : counts(lookup, names_.lifetimes(), since, now))) return;
  release.state = Release::State::ready;
  if (dns::is_negative(lookup.status)) {
    release.ttl = left(lookup.answered_at + dns::told_ttl(lookup, names_.lifetimes()), now);
    return;
  }
  const bool fails = lookup.status != dns::Status::ok;
  if (fails && now >= lookup.stale_until) return;
  const bool is_fresh =
      lookup.answered_at >= since || is_within_ttl(lookup, names_.lifetimes(), now);
  const bool is_over = is_held && (fails || !is_fresh);
  release.is_stale = fails || is_over;
  release.status = dns::Status::ok;
  const seconds ttl =
      fails ? seconds(limits::kStaleTtl) : dns::told_ttl(lookup, names_.lifetimes());
  release.ttl = is_over ? seconds(limits::kStaleTtl) : left(lookup.answered_at + ttl, now);
  // An answer that is over is promised from now on, not from when it came.
  const Instant promised = now + limits::kStaleTtl + names_.lifetimes().grace;
  for (const dns::HeldAddress& held : state->addresses) {
    if (!held.is_current || held.address.family() != question.family) continue;
    if ((is_over && held.expires < promised) || !release_address(held, question.name, now, release))
      release.state = Release::State::unconfirmed;
  }
  if (release.is_stale && release.addresses.empty()) release.status = lookup.status;
}

// Nothing of it is past its TTL: who asks again has the resolvers asked.
void Engine::release_records(const dns::Question& question, Instant since, Instant now,
                             Release& release) const {
  const dns::RecordState* state = records_.find(question);
  if (state == nullptr || !inputs_.tells(question)) return;
  const FamilyState& lookup = state->lookup;
  release.lookup = &lookup;
  release.status = lookup.status;
  if (!counts(lookup, names_.lifetimes(), since, now)) return;
  release.state = Release::State::ready;
  if (!is_answer(lookup)) return;
  release.ttl = left(lookup.answered_at + dns::told_ttl(lookup, names_.lifetimes()), now);
  if (lookup.status != dns::Status::ok) return;
  if (question.records == dns::Records::texts) release.texts = state->texts;
  const auto name = dns::parse_service_name(question.name);
  for (const dns::Service& service : state->services)
    // A target that had to make room is known again by another answer.
    if (!release_service(*name, service, now, release) && lookup.answered_at < since)
      release.state = Release::State::unknown;
}

// Adds the address where an entry permits it. False: the kernel has not acknowledged all that is
// desired of it.
bool Engine::release_address(const dns::HeldAddress& held, const DnsName& name, Instant now,
                             Release& release) const {
  const nft::Elements desired = compile_name(inputs_, name, *names_.find(name), held, now);
  if (desired.empty()) {
    const auto tells = [&](const policy::AllowEntry* entry) {
      return tells_own(inputs_, *entry, held.address);
    };
    const bool is_told = std::ranges::any_of(inputs_.entries_of(name), tells) ||
                         std::ranges::any_of(entries_leading_to(name, now), tells);
    if (is_told)
      release.addresses.push_back(held.address);
    else
      release.is_filtered = true;
    return true;
  }
  if (!installed_) return false;
  for (const auto& [key, end] : desired) {
    const auto at = installed_->elements.find(key);
    if (at == installed_->elements.end() || at->second < end) return false;
    release.ttl = std::min(release.ttl, left(end, now));
  }
  release.addresses.push_back(held.address);
  return true;
}

}  // namespace egress::engine
