#include "sim/world.hpp"

#include <algorithm>
#include <cerrno>

#include "egress/core/interface_pattern.hpp"
#include "egress/core/limits.hpp"
#include "egress/engine/crowd.hpp"

namespace egress::sim {
namespace {

using namespace std::chrono_literals;
using engine::Notice;

constexpr std::size_t kNames = 12;
constexpr const char *kOwn4 = "10.0.0.9", *kOwn6 = "fd00::9";
constexpr const char* kBridge = "docker0";

DnsName name_of(std::size_t number) {
  return *DnsName::parse("n" + std::to_string(number) + ".example.com");
}

// By name, or with all else.
void hold_the_bridge(policy::Policy& policy) {
  if (policy.forward.empty() && !policy.released)
    policy.forward = {kBridge};
  else
    policy.forward.clear(), policy.released.emplace();
}

bool is_bridge_held(const policy::Policy& policy) {
  return policy.released || matches_interface(policy.forward, kBridge);
}

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace

World::World(std::uint64_t seed, const nft::Capabilities& capabilities)
    : random_(seed), kernel_(clock_, capabilities), internet_(random_) {
  for (std::size_t i = 0; i < kNames; ++i) internet_.change(name_of(i));
  kernel_.own_addresses = {*IpAddress::parse(kOwn4), *IpAddress::parse(kOwn6)};
  kernel_.routes[kBridge] = {*Prefix::parse("172.20.0.0/16"), *Prefix::parse("fd20::/64")};
  policy_ = std::make_shared<policy::Policy>();
  policy_->limits = {5s, 1h, 15min};
  start();
}

// What the daemon does when it starts.
void World::start() {
  engine_.emplace(kernel_.capabilities(), nft::DnsGuard{553, 990});
  start_guard();
  restore_posture();
  engine_->handle(engine::OwnAddressesChanged{{}}, clock_.now());
  engine_->handle(engine::PolicyChanged{policy_, clock_.wall()}, clock_.now());
  engine_->handle(engine::ResolversChanged{{.otherwise = {{*IpAddress::parse("10.0.0.2"), 53}}}},
                  clock_.now());
  for (const dns::KnownAddress& known : saved_)
    engine_->handle(engine::Restored{known, clock_.wall()}, clock_.now());
  witness_.see_policy(policy_, clock_.now(), clock_.wall());
  act();
  check();
}

void World::start_guard() {
  clients_.clear();  // they try again by themselves
  guard_.emplace(
      *engine_,
      guard::Surroundings{
          .send = [this](const guard::Client& client,
                         std::span<const std::uint8_t> message) { see_reply(client, message); },
          .tell = [this](const engine::Event& event) { engine_->handle(event, clock_.now()); },
          .note = [](const Notice&) {},
          .stopwatch = [this] { return clock_.stopwatch(); },
          .user_of = {}});
}

void World::crash() {
  internet_.forget();
  owed_answers_.clear();
  witness_.see_crash(clock_.now());
  start();
}

void World::step() {
  switch (below(random_, 12)) {
    case 0:
      change_policy();
      break;
    case 1:
      internet_.change(name_of(below(random_, kNames)));
      break;
    case 2:
      disturb_kernel();
      break;
    case 3:
      if (one_in(random_, 4)) crash();
      break;
    case 4:
      internet_.set_down(one_in(random_, 4));
      break;
    case 5:
      if (one_in(random_, 2)) change_posture();
      if (one_in(random_, 8)) step_clock();
      break;
    default:
      break;
  }
  for (std::size_t i = below(random_, 4); i > 0; --i) ask_guard();
  act();
  pass_time();
  deliver();
  act();
  check();
}

policy::AllowEntry World::random_entry() {
  policy::AllowEntry entry;
  entry.destination = name_of(below(random_, kNames));
  if (one_in(random_, 6)) {
    policy::Wildcard wildcard{*DnsName::parse("example.com"), one_in(random_, 2)};
    const DnsName excepted = name_of(below(random_, kNames));
    if (one_in(random_, 2) && excepted.is_below(wildcard.base)) wildcard.except = {excepted};
    entry.destination = std::move(wildcard);
  } else if (one_in(random_, 5)) {
    constexpr const char* kNets[] = {"198.51.101.0/28", "198.51.101.8/29", "198.51.101.0/24",
                                     "2606:4700::/120", "198.51.101.3"};
    entry.destination = *Prefix::parse(kNets[below(random_, std::size(kNets))]);
    if (one_in(random_, 2)) entry.ports = {400, 500};
  } else if (one_in(random_, 4)) {
    entry.ports = {8443, 8445};
  }
  if (one_in(random_, 4)) entry.transport = Transport::udp;
  if (one_in(random_, 6)) {
    entry.transport = one_in(random_, 2) ? Transport::icmp : Transport::esp;
    entry.ports = {};
  }
  if (one_in(random_, 4)) entry.until = clock_.wall() + seconds{1 + below(random_, 600)};
  return entry;
}

void World::change_policy() {
  auto next = std::make_shared<policy::Policy>(*policy_);
  policy::Entries::Pointers entries = next->entries.pointers();
  if (one_in(random_, 3) && !entries.empty()) {
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(below(random_, entries.size())));
  } else if (auto entry = std::make_shared<policy::AllowEntry>(random_entry());
             next->entries.find(entry->target()) == nullptr) {
    const auto place = next->entries.lower_bound(entry->target());
    entries.insert(entries.begin() + (place - next->entries.pointers().begin()), std::move(entry));
  }
  if (one_in(random_, 20)) hold_the_bridge(*next);
  if (one_in(random_, 30)) next->dns.mode = policy::DnsMode::poll;
  if (one_in(random_, 10)) next->dns.mode = policy::DnsMode::guard;
  if (one_in(random_, 20)) entries.clear();
  next->entries = policy::Entries(std::move(entries));
  // Read anew: no entry is shared with the policy before.
  if (one_in(random_, 4))
    next->entries = policy::Entries(
        std::vector<policy::AllowEntry>(next->entries.begin(), next->entries.end()));
  policy_ = next;
  engine_->handle(engine::PolicyChanged{policy_, clock_.wall()}, clock_.now());
  witness_.see_policy(policy_, clock_.now(), clock_.wall());
}

void World::disturb_kernel() {
  const std::uint64_t nth = kernel_.commits() + 1 + below(random_, 3);
  constexpr int kErrors[] = {ENOENT, EEXIST, ENOMEM, EBUSY, ERESTART, EPERM};
  switch (below(random_, 4)) {
    case 0:
      kernel_.refuse_commit(nth, kErrors[below(random_, std::size(kErrors))]);
      break;
    case 1:
      kernel_.lose_acknowledgement(nth, test::FakeKernel::Fate::applied);
      break;
    case 2:
      kernel_.lose_acknowledgement(nth, test::FakeKernel::Fate::dropped);
      break;
    default:
      kernel_.flush();
      if (kernel_.capabilities().owns) return;  // and nothing has happened
      is_flushed_ = true;
      engine_->handle(engine::TableDoubted{}, clock_.now());
  }
}

// A clock that was wrong is mended, or the other way round.
void World::step_clock() {
  const seconds by =
      std::chrono::hours(1 + static_cast<std::int64_t>(below(random_, 24 * 365 * 20)));
  clock_.step_wall(one_in(random_, 2) ? by : -by);
}

// To the next moment at which something is due, or past it: the host was busy, or suspended.
void World::pass_time() {
  const Instant next =
      std::min({engine_->next_deadline(), guard_->next_deadline(), internet_.next_arrival()});
  milliseconds pause{1 + static_cast<std::int64_t>(below(random_, 3000))};
  if (next > clock_.now() && next != kNever && !one_in(random_, 6)) pause = next - clock_.now();
  if (one_in(random_, 200)) pause = std::chrono::hours(1 + below(random_, 48));
  clock_.advance(pause);
}

void World::deliver() {
  for (const dns::Answer& answer : internet_.arrivals(clock_.now())) {
    if (owed_answers_.erase(answer.question) == 1) witness_.see_answer(answer, clock_.now());
    const bool is_awaited = guard_->is_awaited(answer.question);
    engine_->handle(engine::Answered{answer, is_awaited}, clock_.now());  // doubled ones, too
    guard_->on_answer(answer.question, clock_.now());
  }
}

void World::act() {
  const Instant now = clock_.now();
  engine_->handle(engine::FlowsCounted{kernel_.count_flows().value()}, now);
  for (int rounds = 0;; ++rounds) {
    if (rounds > 100) return complain("the engine does not come to rest");
    const std::vector<engine::Action> actions = engine_->act(now);
    if (actions.empty()) break;
    for (const engine::Action& action : actions) carry_out(action);
  }
  guard_->settle(now);
}

void World::carry_out(const engine::Action& action) {
  const Instant now = clock_.now();
  std::visit(
      Overloaded{
          [&](const engine::Ask& ask) {
            if (!owed_answers_.insert(ask.question).second) complain("asked twice at a time");
            internet_.ask(ask.question, now);
            guard_->on_ask(ask.question);
          },
          [&](const engine::Commit& commit) {
            if (commit.transaction.empty()) complain("an empty transaction (invariant 5)");
            const auto outcome = kernel_.commit(commit.transaction);
            has_committed_ |= outcome.status == nft::CommitOutcome::Status::committed;
            engine_->handle(engine::CommitDone{outcome}, now);
          },
          [&](const engine::FilterFrames& frames) {
            engine_->handle(engine::FramesFiltered{kernel_.filter_frames(frames.filter)}, now);
          },
          [&](const engine::CutFlows& cut) {
            (void)kernel_.cut_flows(
                [&](const nft::Flow& flow) { return engine_->must_cut(flow, cut.revoked, now); });
          },
          [&](const engine::SaveKnown&) {
            saved_.clear();
            for (const auto& [name, state] : engine_->names().names())
              for (const dns::HeldAddress& held : state.addresses)
                saved_.push_back({name, held.address,
                                  clock_.wall() + std::chrono::floor<seconds>(held.expires - now)});
          },
          [&](const engine::CutUnlisted&) {
            (void)kernel_.cut_flows(
                [&](const nft::Flow& flow) { return engine_->is_unlisted(flow, now); });
          },
          [&](const engine::ForgetCrowd& forget) {
            const auto count = engine::thin_out(kernel_, *engine_, forget, now);
            engine_->handle(engine::CrowdForgotten{count.value_or(0)}, now);
          },
          [](const engine::AdoptFlows&) {}, [](const engine::ForgetStrangers&) {},
          [](const engine::ForgetQuestions&) {}, [](const engine::GrantEnded&) {},
          [](const Notice&) {}},
      action);
}

void World::complain(const std::string& what) {
  if (verdict_.empty())
    verdict_ = "at " + std::to_string(clock_.now().time_since_epoch().count()) + " ms: " + what;
}

void World::check() {
  if (!has_committed_) return;
  const auto live = kernel_.read(engine::compile_base(engine_->inputs()));
  if (!live) return complain(live.error().message);
  if (live->is_present) is_flushed_ = false;
  check_bounds();
  check_waiting();
  if (is_flushed_) return;
  check_posture(*live);
  check_nobody_speaks_for_another(*live);
  if (engine_->is_settled()) {
    if (!live->deviations.empty())
      complain("the base deviates: " + live->deviations.front() + " (invariant 2)");
    check_fold_agrees(*live);
    check_owed_is_open(*live);
  }
  check_open_is_justified(*live);
}

// Not even to what is allowed: neither a program of the host nor, where its link is held, a
// container.
void World::check_nobody_speaks_for_another(const nft::Snapshot& live) {
  if (!kernel_.is_closed() || live.elements.empty()) return;
  const nft::ElementKey& open = live.elements.front().key;
  const Endpoint destination{open.first, open.transport, open.ports.first};
  const bool is_v4 = open.first.is_v4();
  const IpAddress foreign = *IpAddress::parse(is_v4 ? "142.250.74.46" : "2a00:1450::200e");
  const IpAddress hosts = *IpAddress::parse(is_v4 ? kOwn4 : kOwn6);
  ++foreign_;
  if (kernel_.connect(destination, {foreign}))
    complain(open.text() + " is reached under an address of others (invariant 11)");
  if (!engine_->is_settled() || !is_bridge_held(*policy_)) return;
  ++foreign_of_containers_;
  for (const IpAddress& source : {foreign, hosts})
    if (kernel_.connect(destination, {source, kBridge}))
      complain(open.text() + " is reached by a container under " + source.text() +
               " (invariant 11)");
}

// While the kernel refuses commits, what an older policy had opened may linger; nothing new may
// appear.
void World::check_open_is_justified(const nft::Snapshot& live) {
  std::set<nft::ElementKey> seen;
  for (const nft::LiveElement& element : live.elements) {
    seen.insert(element.key);
    const std::string objection = witness_.objection(element, clock_.now());
    if (objection.empty() || (!engine_->is_settled() && open_before_.contains(element.key)))
      continue;
    complain(objection + " (invariant 1)");
  }
  opened_ += live.elements.size();
  open_before_ = std::move(seen);
}

void World::check_owed_is_open(const nft::Snapshot& live) {
  const auto is_open = [&](const Endpoint& endpoint) {
    return std::ranges::any_of(live.elements, [&](const nft::LiveElement& element) {
      return element.key.contains(endpoint);
    });
  };
  for (const Endpoint& endpoint : witness_.owed(clock_.now()))
    if (!is_open(endpoint))
      complain(endpoint.text() + " was answered a moment ago and is shut (invariants 3, 6)");
}

// The path by single addresses and the fold over everything come to the same.
void World::check_fold_agrees(const nft::Snapshot& live) {
  const Instant now = clock_.now();
  const nft::Ruleset desired = engine_->desired(now);
  std::set<nft::ElementKey> keys;
  for (const nft::LiveElement& element : live.elements) {
    keys.insert(element.key);
    const auto at = desired.elements.find(element.key);
    if (at == desired.elements.end()) return complain(element.key.text() + " is not in the fold");
    if (at->second == kNever) continue;
    const milliseconds due = at->second - now;
    if (element.expires > due) complain(element.key.text() + " outlives its reason");
    if (element.expires < due - policy_->limits.grace / 4)
      complain(element.key.text() + " would end too early");
  }
  for (const auto& [key, end] : desired.elements)
    if (end > now && !keys.contains(key))
      complain(key.text() + " is in the fold but not in the kernel");
}

void World::check_bounds() {
  for (const auto& [name, state] : engine_->names().names())
    if (state.addresses.size() > limits::kAddressesPerName)
      complain(name.text() + " holds too many addresses (invariant 4)");
  if (owed_answers_.size() > limits::kLookupsInFlight)
    complain("too many questions under way (invariant 4)");
}

void World::recover() {
  set_posture(engine::Posture::enforcing, kNever);
  internet_.set_faults(false);
  internet_.set_down(false);
  for (std::size_t i = 0; i < kNames; ++i) internet_.heal(name_of(i));
  const Instant end = clock_.now() + 10min;
  while (clock_.now() < end && verdict_.empty()) {
    const Instant next = std::min({engine_->next_deadline(), guard_->next_deadline(),
                                   internet_.next_arrival(), clock_.now() + 5s});
    clock_.advance(std::max(next - clock_.now(), milliseconds{1}));
    deliver();
    act();
  }
  check();
}

void World::expect_all_reachable() {
  change_policy();
  act();
  recover();
  if (!engine_->is_settled()) complain("not settled though nothing fails");
  for (const policy::AllowEntry& entry : policy_->entries) {
    if (engine_->inputs().end_of(entry) <= clock_.now()) continue;
    if (engine_->standing(entry, clock_.now()).state != engine::Standing::State::open)
      complain(entry.target() + " is not open though its name resolves (invariant 3)");
  }
}

}  // namespace egress::sim
