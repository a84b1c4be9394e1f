#include "egress/engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "egress/core/limits.hpp"

namespace egress::engine {
namespace {

constexpr Port kDnsPort = 53;
// The civil clock is read in whole seconds: an end that was written down may not come later by
// that.
constexpr seconds kWallStep{1};

}  // namespace

Engine::Engine(const nft::Capabilities& capabilities, std::optional<nft::DnsGuard> guard,
               std::uint64_t seed) {
  names_.seed(seed);
  inputs_.capabilities = capabilities;
  inputs_.guard = guard;
}

void Engine::handle(const Event& event, Instant now) {
  std::visit([&](const auto& concrete) { on(concrete, now); }, event);
}

std::vector<Action> Engine::act(Instant now) {
  touch(names_.advance(now));
  end_grants(now);
  end_posture(now);
  plan_adoption(now);
  if (auto commit = plan_commit(now)) outbox_.emplace_back(std::move(*commit));
  // Behind the commit: the table that stands may know neither the resolver nor this daemon's mark.
  for (dns::Question& question : names_.take_questions())
    outbox_.emplace_back(Ask{std::move(question)});
  for (dns::Question& question : records_.take_questions())
    outbox_.emplace_back(Ask{std::move(question)});
  plan_frames(now);
  if (save_at_ <= now) {
    save_at_ = kNever;
    outbox_.emplace_back(SaveKnown{});
  }
  return std::exchange(outbox_, {});
}

bool Engine::is_settled() const {
  return installed_ && !under_way_ && !is_static_dirty_ && dirty_.empty();
}

Instant Engine::next_deadline() const {
  const bool may_commit = has_policy() && !under_way_ && !is_settled();
  const bool may_filter = has_policy() && !frames_.is_under_way && frames_.is_dirty;
  return std::min({names_.next_deadline(), next_end_, save_at_, inputs_.posture_until,
                   may_commit ? retry_at_ : kNever, may_filter ? frames_.retry_at : kNever});
}

bool Engine::is_misled(const nft::Flow& flow) const {
  if (installed_ && installed_->base.dns_guard) return flow.destination.port == kDnsPort;
  return inputs_.guard && flow.asked == kDnsPort && flow.destination.port == inputs_.guard->port;
}

bool Engine::must_cut(const nft::Flow& flow, const std::vector<nft::ElementKey>& revoked,
                      Instant now) const {
  const auto is_revoked = [&](const Endpoint& end) {
    const auto admits = [&](const nft::ElementKey& key) { return key.contains(end); };
    return std::ranges::any_of(revoked, admits) && !(installed_ && installed_->permits(end, now));
  };
  // A tunnel is one flow, whichever end has sent first.
  const Transport transport = flow.destination.transport;
  return is_revoked(flow.destination) ||
         (is_tunnel(transport) && is_revoked({flow.source, transport, 0}));
}

void Engine::on(const PolicyChanged& event, Instant now) {
  const policy::EntriesChange change = inputs_.set_policy(event.policy, now, event.wall);
  set_lifetimes();
  for (const auto& entry : change.gone) {
    touch_entry(*entry);
    if (const DnsName* name = entry->name()) drop_name(*name, now);
  }
  drop_services(change);
  drop_uncovered(change);
  for (const auto& entry : change.come) {
    if (entry->name() != nullptr) names_.follow(*entry->name(), now);
    touch_entry(*entry);
    if (inputs_.end_of(*entry) > now) next_end_ = std::min(next_end_, inputs_.end_of(*entry));
  }
  if (opens_metadata(inputs_, now)) next_end_ = std::min(next_end_, kMetadataCloses);
  if (installed_ && installed_->base != compile_base(inputs_)) is_static_dirty_ = true;
  frames_.is_dirty = true;
  plan_save(now, true);
}

void Engine::set_lifetimes() {
  const policy::Limits& limits = inputs_.policy->limits;
  // Nobody but the guard gives answers past their TTL, so nothing else keeps their addresses open.
  const seconds stale = wants_guard(inputs_) ? limits.stale : seconds(0);
  names_.set_lifetimes(
      {limits.min_ttl, limits.max_ttl, limits.grace, stale, keeps_own_clock(inputs_)});
}

// A name that no entry names any more lives on where a wildcard covers it.
void Engine::drop_name(const DnsName& name, Instant now) {
  if (inputs_.names(name)) return;
  const dns::NameState* state = names_.find(name);
  if (inputs_.wildcard_of(name) != nullptr || (state != nullptr && !state->leads.empty()))
    learn(name, now);
  else
    touch(names_.forget(name), Cause::policy);
}

// Learnt names whose wildcard or services are gone, and that no entry has come to name.
void Engine::drop_uncovered(const policy::EntriesChange& change) {
  const auto is_learnt_from = [](const auto& entry) {
    return entry->wildcard() != nullptr || entry->service_domain;
  };
  if (std::ranges::none_of(change.gone, is_learnt_from)) return;
  std::vector<DnsName> uncovered;
  for (const auto& [name, state] : names_.names())
    if (state.group != nullptr && state.leads.empty() && inputs_.wildcard_of(name) == nullptr &&
        !inputs_.names(name))
      uncovered.push_back(name);
  for (const DnsName& name : uncovered) touch(names_.forget(name), Cause::policy);
}

void Engine::learn(const DnsName& name, Instant now) {
  const policy::Wildcard* wildcard = inputs_.wildcard_of(name);
  const dns::NameState* state = names_.find(name);
  if (wildcard != nullptr)
    touch(names_.learn(name, wildcard->text(), now));
  else if (state != nullptr && !state->leads.empty())
    touch(names_.learn(name, state->leads.front().group(), now));
}

void Engine::on(const ResolversChanged& event, Instant now) {
  if (event.resolvers == inputs_.resolvers) return;
  const policy::Resolvers before = std::exchange(inputs_.resolvers, event.resolvers);
  is_static_dirty_ = true;
  names_.retry_failing(now);
  const auto is_doubtful = [&](const DnsName& name) {
    const bool has_zone =
        before.zone_of(name) != nullptr || event.resolvers.zone_of(name) != nullptr;
    return has_zone && before.of(name) != event.resolvers.of(name);
  };
  names_.doubt(now, is_doubtful);
  records_.doubt(is_doubtful);
}

// A link that has just got an address may lead to the resolvers again.
void Engine::on(const OwnAddressesChanged& event, Instant now) {
  if (event.addresses == inputs_.own_addresses) return;
  inputs_.own_addresses = event.addresses;
  touch_everything();
  names_.retry_failing(now);
}

void Engine::on(const Restored& event, Instant now) {
  const dns::KnownAddress& known = event.known;
  if (names_.find(known.name) == nullptr) learn(known.name, now);
  const Instant expires = now + (known.expires - event.wall) - kWallStep;
  touch(names_.restore(known.name, known.address, expires, now));
}

void Engine::on(const Answered& event, Instant now) {
  if (event.answer.question.records != dns::Records::addresses)
    return take_records(event.answer, now);
  note_answer(event.answer);
  const std::size_t known_before = names_.address_count();
  touch(names_.absorb(event.answer, now), event.is_awaited ? Cause::told : Cause::answer);
  plan_save(now, names_.address_count() != known_before);
}

void Engine::on(const Wanted& event, Instant now) {
  if (event.question.records != dns::Records::addresses) return records_.want(event.question, now);
  if (names_.find(event.question.name) == nullptr) learn(event.question.name, now);
  if (!is_given_from_what_is_held(event.question.name)) names_.want(event.question, now);
}

void Engine::on(const Used& event, Instant now) {
  if (event.question.records != dns::Records::addresses) return records_.use(event.question, now);
  const dns::NameState* state = names_.find(event.question.name);
  if (state == nullptr) return;
  names_.use(event.question.name, now);
  if (is_given_from_what_is_held(event.question.name)) names_.use_stale(event.question, now);
  for (const dns::HeldAddress& held : state->addresses)
    if (held.is_current && held.address.family() == event.question.family)
      touch({held.address}, Cause::told);
}

void Engine::on(const Asker& event, Instant) {
  names_.note_asker(event.name, event.user);
}

void Engine::on(const TableDoubted&, Instant) {
  installed_.reset();
  frames_.installed.reset();
  frames_.is_dirty = true;
}

void Engine::on(const CommitDone& event, Instant now) {
  UnderWay done = std::move(*under_way_);
  under_way_.reset();
  if (event.outcome.status != nft::CommitOutcome::Status::refused && done.transaction.replace &&
      done.transaction.replace->is_audit)
    was_lax_ = true;
  if (event.outcome.status == nft::CommitOutcome::Status::committed) {
    failed_commits_ = 0;
    const bool may_have_led = !installed_ || installed_->base.dns_guard;  // questions to the guard
    if (done.transaction.replace) installed_.emplace();
    if (!installed_) return;  // doubted while the commit was under way
    nft::apply(done.transaction, done.since, *installed_);
    if (done.transaction.replace && (may_have_led || installed_->base.dns_guard))
      outbox_.emplace_back(ForgetQuestions{});
    if (!installed_->base.is_audit && std::exchange(was_lax_, false))
      outbox_.emplace_back(CutUnlisted{});
    if (!done.revoked.empty()) outbox_.emplace_back(CutFlows{std::move(done.revoked)});
    return;
  }
  // Whatever the kernel holds now, only a whole new table is certain; the first retry comes at
  // once.
  installed_.reset();
  revoked_.insert(revoked_.end(), done.revoked.begin(), done.revoked.end());
  retry_at_ = failed_commits_++ == 0 ? now : now + limits::kCommitRetry;
  note(Notice::Level::error, "commit-failed",
       {{"message", event.outcome.message}, {"failures", std::to_string(failed_commits_)}});
}

void Engine::touch(const dns::NameTable::Touched& addresses, Cause cause) {
  for (const IpAddress& address : addresses) {
    Cause& known = dirty_.try_emplace(address, cause).first->second;
    known = std::max(known, cause);
  }
}

void Engine::touch_everything() {
  for (const auto& [name, state] : names_.names())
    for (const dns::HeldAddress& held : state.addresses) touch({held.address}, Cause::policy);
}

void Engine::touch_entry(const policy::AllowEntry& entry) {
  if (entry.prefix() != nullptr) is_static_dirty_ = true;
  for_each_name(entry, [&](const DnsName&, const dns::NameState& state) {
    for (const dns::HeldAddress& held : state.addresses) touch({held.address}, Cause::policy);
  });
}

// The last-known-good file follows a new address soon, and mere extensions of ends at leisure.
void Engine::plan_save(Instant now, bool is_urgent) {
  save_at_ = std::min(save_at_, now + (is_urgent ? limits::kSaveSoon : limits::kSaveLater));
}

void Engine::note(Notice::Level level, std::string event,
                  std::vector<std::pair<std::string, std::string>> fields) {
  outbox_.emplace_back(Notice{level, std::move(event), std::move(fields)});
}

}  // namespace egress::engine
