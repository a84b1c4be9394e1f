#include "egress/guard/guard.hpp"

#include <algorithm>
#include <array>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"

namespace egress::guard {
namespace {

constexpr Instant kNobodyWaits =
    kNever;  // as `since` of a release: only what is within its TTL counts

std::optional<Family> family_of(std::uint16_t type) {
  if (type == static_cast<std::uint16_t>(Type::a)) return Family::ipv4;
  if (type == static_cast<std::uint16_t>(Type::aaaa)) return Family::ipv6;
  return std::nullopt;
}

std::optional<dns::Records> records_of(std::uint16_t type) {
  if (type == static_cast<std::uint16_t>(Type::srv)) return dns::Records::services;
  if (type == static_cast<std::uint16_t>(Type::txt)) return dns::Records::texts;
  return std::nullopt;
}

// RFC 6761 section 6.3.
bool is_localhost(const DnsName& name) {
  return name.text() == "localhost" || name.text().ends_with(".localhost");
}

}  // namespace

Guard::Guard(const engine::Engine& engine, Surroundings surroundings)
    : engine_(engine), outside_(std::move(surroundings)) {}

bool Guard::Budget::take(Instant now, int per_second) {
  if (now >= since + seconds(1)) {
    since = now;
    left = per_second;
  }
  return left-- > 0;
}

void Guard::take(const Client& client, std::span<const std::uint8_t> message, Instant now) {
  now_ = now;
  auto read = read_query(message);
  if (const auto* unusable = std::get_if<Unusable>(&read)) {
    journal_.add({.at = now,
                  .name = "",
                  .client = client.address,
                  .transport = client.transport,
                  .user = std::nullopt,
                  .verdict = Verdict::unusable});
    if (!unusable->reply.empty()) outside_.send(client, unusable->reply);
    return;
  }
  const Query& query = std::get<Query>(read);
  judge({client, query, query.name(), std::nullopt, outside_.stopwatch()}, now);
}

void Guard::judge(Asking asking, Instant now) {
  const auto name = DnsName::parse(asking.name);
  const engine::Inputs& inputs = engine_.inputs();
  if (const auto records = records_of(asking.query.type); name && records) {
    const dns::Question question{*name, Family::ipv4, *records};
    if (inputs.tells(question)) return answer_records(std::move(asking), question, now);
  }
  const bool is_allowed = name && (inputs.names(*name) || inputs.wildcard_of(*name) != nullptr ||
                                   engine_.is_led_to(*name, now));
  if (!is_allowed) {
    if (name && is_localhost(*name)) return reply_localhost(asking);
    note_refused(asking, now);
    return reply_refused(asking, Verdict::refused,
                         "not in this host's allow-list: egressctl why tells more");
  }
  const auto family = family_of(asking.query.type);
  if (!family) return reply_empty(asking);
  answer_address(std::move(asking), {*name, *family}, now);
}

void Guard::answer_address(Asking asking, const dns::Question& question, Instant now) {
  engine_.release(question, kNobodyWaits, now, release_);
  const dns::NameState* state = engine_.names().find(question.name);
  if (release_.state == engine::Release::State::ready) {
    if (state->group != nullptr && now >= state->wanted_at + limits::kUseNoted)
      outside_.tell(engine::Used{question});
    if (state->askers.empty() || samples_.take(now, limits::kUserSamples)) {
      identify(asking, question.name, now);
      if (asking.user) outside_.tell(engine::Asker{question.name, *asking.user});
    }
    return reply_released(asking, release_, false);
  }
  const bool is_new = state == nullptr;
  if (is_new && !admit_new_name(question.name, now))
    return reply_refused(asking, Verdict::limited, "too many new names below this wildcard");
  if (!find_place(asking))
    return reply_failed(asking, Verdict::limited, "too many questions wait for an answer");
  identify(asking, question.name, now);
  wait(std::move(asking), question, release_.state == engine::Release::State::unconfirmed, now);
}

// Services and texts: no address is told, so nothing waits for the kernel.
void Guard::answer_records(Asking asking, const dns::Question& question, Instant now) {
  engine_.release(question, kNobodyWaits, now, release_);
  if (release_.state == engine::Release::State::ready) {
    outside_.tell(engine::Used{question});
    return reply_released(asking, release_, false);
  }
  if (!engine_.records().has_room_for(question, now))
    return reply_refused(asking, Verdict::limited, "too many different services of this host");
  if (!find_place(asking))
    return reply_failed(asking, Verdict::limited, "too many questions wait for an answer");
  asking.user = user_of(asking.client, now);
  wait(std::move(asking), question, false, now);
}

// Names that the policy does not name are new only once; how many, and what they could carry, is
// watched.
bool Guard::admit_new_name(const DnsName& name, Instant now) {
  const engine::Inputs& inputs = engine_.inputs();
  const policy::Wildcard* wildcard = inputs.names(name) ? nullptr : inputs.wildcard_of(name);
  if (wildcard == nullptr) return true;
  const bool is_admitted = wildcards_.admit(*wildcard, name, inputs.policy->dns.wildcard_rate, now);
  if (const auto alarm = wildcards_.take_alarm())
    outside_.note(
        {engine::Notice::Level::warning,
         "wildcard-alarm",
         {{"wildcard", alarm->wildcard},
          {"new_names_a_minute", std::to_string(alarm->names)},
          {"bits_they_can_carry", std::to_string(static_cast<std::uint64_t>(alarm->bits))},
          {"remedy", "name the hosts one by one, or set dns: { wildcard_rate: 60/min }"}}});
  return is_admitted;
}

// Who shares a client's part of the waiting room: a program of this host has as many addresses as
// it likes, and a machine behind a link all of a /64.
IpAddress Guard::party_of(const IpAddress& client) const {
  constexpr std::size_t kNetworkOctets = 8;
  if (classify(client) == AddressClass::loopback || engine_.inputs().own_addresses.contains(client))
    return IpAddress();  // this host
  if (client.is_v4()) return client;
  std::array<std::uint8_t, 16> network{};
  std::ranges::copy(client.octets().first(kNetworkOctets), network.begin());
  return IpAddress::v6(network);
}

// All the others together leave this host its places.
bool Guard::find_place(Asking& asking) const {
  asking.party = party_of(asking.client.address);
  const std::size_t of_host = waiting_of(IpAddress());
  if (asking.party == IpAddress()) return of_host < limits::kWaitingPerClient;
  return waiting_of(asking.party) < limits::kWaitingPerClient &&
         asking_ - of_host < limits::kWaiting - limits::kWaitingPerClient;
}

std::size_t Guard::waiting_of(const IpAddress& party) const {
  const auto at = asking_of_.find(party);
  return at == asking_of_.end() ? 0 : at->second;
}

void Guard::wait(Asking asking, const dns::Question& question, bool is_answered, Instant now) {
  const auto [at, is_first] = waits_.try_emplace(question);
  Wait& wait = at->second;
  if (is_first) {
    wait.since = now;
    wait.arrived = asking.arrived;
    if (is_answered) {
      wait.ripe_since = now;
      ripe_.push_back(question);
    }
    outside_.tell(is_answered ? engine::Event(engine::Used{question})
                              : engine::Event(engine::Wanted{question}));
  }
  if (asking.user) outside_.tell(engine::Asker{question.name, *asking.user});
  ++asking_of_[asking.party];
  ++asking_;
  wait.asking.push_back(std::move(asking));
  sweep_at_ = std::min(sweep_at_, now + limits::kLongestWait);
}

void Guard::on_ask(const dns::Question& question) {
  if (const auto at = waits_.find(question); at != waits_.end())
    at->second.asked = outside_.stopwatch();
}

void Guard::on_answer(const dns::Question& question, Instant now) {
  const auto at = waits_.find(question);
  if (at == waits_.end()) return;
  at->second.ripe_since = std::min(at->second.ripe_since, now);
  at->second.answered = outside_.stopwatch();
  ripe_.push_back(question);
}

void Guard::settle(Instant now) {
  now_ = now;
  std::erase_if(ripe_, [&](const dns::Question& question) { return settle_one(question, now); });
  if (sweep_at_ <= now) sweep(now);
}

// True when nobody waits for it any more.
bool Guard::settle_one(const dns::Question& question, Instant now) {
  const auto at = waits_.find(question);
  if (at == waits_.end()) return true;
  engine_.release(question, at->second.since, now, release_);
  if (release_.state == engine::Release::State::unconfirmed &&
      now < at->second.ripe_since + limits::kReleaseWithin)
    return false;
  if (release_.state != engine::Release::State::ready) {
    fail_all(question, release_.state == engine::Release::State::unknown
                           ? "the policy has changed meanwhile"
                           : "the kernel did not confirm the addresses in time");
    return true;
  }
  const Wait done = end_wait(question);
  note_latencies(done);
  for (const Asking& asking : done.asking) reply_released(asking, release_, true);
  return true;
}

// What has waited for too long, whatever the reason.
void Guard::sweep(Instant now) {
  std::vector<dns::Question> over;
  sweep_at_ = kNever;
  for (const auto& [question, wait] : waits_) {
    if (now >= wait.since + limits::kLongestWait)
      over.push_back(question);
    else
      sweep_at_ = std::min(sweep_at_, wait.since + limits::kLongestWait);
  }
  for (const dns::Question& question : over)
    fail_all(question, "the resolvers did not answer in time");
}

void Guard::fail_all(const dns::Question& question, std::string_view why) {
  for (const Asking& asking : end_wait(question).asking) reply_failed(asking, Verdict::failed, why);
}

Guard::Wait Guard::end_wait(const dns::Question& question) {
  Wait ended = std::move(waits_.extract(question).mapped());
  asking_ -= ended.asking.size();
  for (const Asking& asking : ended.asking)
    if (const auto at = asking_of_.find(asking.party); --at->second == 0) asking_of_.erase(at);
  return ended;
}

Instant Guard::next_deadline() const {
  Instant next = sweep_at_;
  for (const dns::Question& question : ripe_)
    if (const auto at = waits_.find(question); at != waits_.end())
      next = std::min(next, at->second.ripe_since + limits::kReleaseWithin);
  return next;
}

void Guard::identify(Asking& asking, const DnsName& name, Instant now) {
  const dns::NameState* state = engine_.names().find(name);
  const bool is_known = state != nullptr && state->askers.size() >= limits::kAskers;
  if (!is_known) asking.user = user_of(asking.client, now);
}

std::optional<std::uint32_t> Guard::user_of(const Client& client, Instant now) {
  if (!outside_.user_of || !lookups_.take(now, limits::kUserLookups)) return std::nullopt;
  return outside_.user_of(client);
}

// A program that asks in a loop must not fill the log.
void Guard::note_refused(const Asking& asking, Instant now) {
  if (!lines_.take(now, limits::kRefusalLines)) return;
  const auto user = user_of(asking.client, now);
  outside_.note({engine::Notice::Level::info,
                 "name-refused",
                 {{"name", asking.name},
                  {"type", std::to_string(asking.query.type)},
                  {"client", asking.client.address.text()},
                  {"user", user ? std::to_string(*user) : "unknown"}}});
}

void Guard::note_latencies(const Wait& wait) {
  const microseconds now = outside_.stopwatch();
  journal_.whole.add(now - wait.arrived);
  if (wait.answered == microseconds(0)) return;
  journal_.commit.add(now - wait.answered);
  if (wait.asked == microseconds(0)) return;  // it was under way already
  journal_.queue.add(wait.asked - wait.arrived);
  journal_.upstream.add(wait.answered - wait.asked);
}

}  // namespace egress::guard
