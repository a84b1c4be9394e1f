#include "egressd/enforcer.hpp"

#include <algorithm>
#include <random>
#include <string>

#include "egress/core/limits.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {
namespace {

std::uint64_t random_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32U | source();
}

Fields describe(const nft::Transaction& transaction, const nft::CommitOutcome& outcome) {
  std::size_t counts[3] = {};
  for (const nft::Change& change : transaction.changes) ++counts[static_cast<int>(change.verb)];
  return {{"table", transaction.replace ? "replaced" : "updated"},
          {"added", std::to_string(counts[0])},
          {"renewed", std::to_string(counts[1])},
          {"removed", std::to_string(counts[2])},
          {"kernel_us", std::to_string(outcome.kernel_time.count())}};
}

}  // namespace

Enforcer::Enforcer(nft::Kernel& kernel, dns::Resolver& resolver, const Clock& clock,
                   nft::DnsGuard guard)
    : kernel_(kernel),
      resolver_(resolver),
      clock_(clock),
      engine_(kernel.capabilities(), guard, random_seed()) {}

void Enforcer::tell(const engine::Event& event) {
  note(event);
  turn();
}

void Enforcer::turn() {
  for (;;) {
    const std::vector<engine::Action> actions = engine_.act(clock_.now());
    if (actions.empty()) return;
    for (const engine::Action& action : actions)
      std::visit([this](const auto& concrete) { carry_out(concrete); }, action);
  }
}

void Enforcer::carry_out(const engine::Ask& ask) {
  asked_(ask.question);
  resolver_.ask(ask.question);
}

void Enforcer::carry_out(const engine::Commit& commit) {
  changes_(&commit.transaction);
  const nft::CommitOutcome outcome = kernel_.commit(commit.transaction);
  const bool is_done = outcome.status == nft::CommitOutcome::Status::committed;
  ++(is_done ? tally_.commits : tally_.failed_commits);
  tally_.last_commit = outcome.kernel_time;
  tally_.in_kernel += outcome.kernel_time;
  if (is_done)
    log(commit.transaction.replace ? Level::info : Level::debug, "committed",
        describe(commit.transaction, outcome));
  note(engine::CommitDone{outcome});
}

Result<void> Enforcer::count_probed(nft::SetId set, const std::vector<Endpoint>& endpoints) {
  const milliseconds lifetime =
      set == nft::SetId::tried ? milliseconds(limits::kTriedMemory) : limits::kProbedMemory;
  nft::Transaction transaction;
  for (const Endpoint& endpoint : endpoints)
    transaction.changes.push_back(
        {nft::Change::Verb::renew, nft::ElementKey::endpoint(set, endpoint), lifetime});
  const nft::CommitOutcome outcome = kernel_.commit(transaction);
  if (outcome.status == nft::CommitOutcome::Status::committed) return {};
  return fail(outcome.message);
}

void Enforcer::carry_out(const engine::AdoptFlows& adopt) {
  const Instant now = clock_.now();
  const nft::Ruleset permitted = engine_.desired(now);
  const auto adopted = kernel_.adopt_flows(adopt.sessions);
  if (!adopted)
    log(Level::error, "sessions-not-taken-over", {{"message", adopted.error().message}});
  const auto cut = kernel_.cut_flows(
      [&](const nft::Flow& flow) { return engine_.must_end(flow, permitted, now); });
  if (!cut) return log(Level::error, "cut-failed", {{"message", cut.error().message}});
  const std::size_t all_cut = *cut + (adopted ? adopted->cut : 0);
  tally_.cut_flows += all_cut;
  if (engine_.is_enforcing() && all_cut == 0) return;  // the second look found nothing
  const auto is_inbound = [&](const nft::Session& session) { return engine_.is_inbound(session); };
  const auto inbound = std::ranges::count_if(adopt.sessions, is_inbound);
  log(Level::info, "sessions-taken-over",
      {{"inbound", std::to_string(inbound)}, {"cut", std::to_string(all_cut)}});
}

void Enforcer::carry_out(const engine::FilterFrames& frames) {
  changes_(nullptr);
  const nft::CommitOutcome outcome = kernel_.filter_frames(frames.filter);
  std::string links;
  for (const nft::Link& link : frames.filter.links) links += (links.empty() ? "" : ",") + link.name;
  if (outcome.status == nft::CommitOutcome::Status::committed)
    log(Level::info, "frames-filtered", {{"links", links}});
  note(engine::FramesFiltered{outcome});
}

void Enforcer::carry_out(const engine::CutFlows& cut) {
  const Instant now = clock_.now();
  cut_flows([&](const nft::Flow& flow) { return engine_.must_cut(flow, cut.revoked, now); });
}

void Enforcer::carry_out(const engine::CutUnlisted&) {
  const Instant now = clock_.now();
  cut_flows([&](const nft::Flow& flow) { return engine_.is_unlisted(flow, now); });
}

void Enforcer::cut_flows(const std::function<bool(const nft::Flow&)>& selects) {
  const auto count = kernel_.cut_flows(selects);
  if (!count) return log(Level::error, "cut-failed", {{"message", count.error().message}});
  tally_.cut_flows += *count;
  log(Level::info, "flows-cut", {{"count", std::to_string(*count)}});
}

void Enforcer::carry_out(const engine::ForgetStrangers&) {
  const auto selects = [&](const nft::Flow& flow) { return engine_.is_strangers(flow); };
  const auto count = kernel_.forget_flows(selects);
  if (!count)
    return log(Level::error, "strangers-not-forgotten", {{"message", count.error().message}});
  if (*count > 0) log(Level::info, "strangers-forgotten", {{"flows", std::to_string(*count)}});
}

void Enforcer::carry_out(const engine::ForgetCrowd& forget) {
  forget_crowd_(forget);
}

// A kernel that does not tell how many it tracks at most tracks no fewer.
void Enforcer::count_flows() {
  const auto count = kernel_.count_flows();
  const bool is_told = count && count->most > 0;
  note(engine::FlowsCounted{is_told ? *count : nft::FlowCount{0, limits::kFlowsAssumed}});
}

void Enforcer::look_at_time_servers() {
  const Instant now = clock_.now();
  engine::TimeServersUsed used;
  for (const Endpoint& server : engine_.time_servers_ending(now))
    if (const auto since = kernel_.last_hit(server))
      used.uses.push_back({server.address, now - *since});
  if (!used.uses.empty()) note(used);
}

void Enforcer::forgotten(std::size_t flows) {
  log(Level::warning, "too-many-flows", {{"forgotten", std::to_string(flows)}});
  note(engine::CrowdForgotten{flows});
}

void Enforcer::carry_out(const engine::ForgetQuestions&) {
  const auto selects = [&](const nft::Flow& flow) { return engine_.is_misled(flow); };
  const auto count = kernel_.forget_flows(selects);
  if (!count)
    return log(Level::error, "questions-not-forgotten", {{"message", count.error().message}});
  if (*count > 0) log(Level::info, "questions-forgotten", {{"flows", std::to_string(*count)}});
}

void Enforcer::carry_out(const engine::SaveKnown&) {
  save_();
}

void Enforcer::carry_out(const engine::GrantEnded& ended) {
  log(Level::info, "grant-ended", {{"target", ended.target}});
  ended_.push_back(ended.target);
}

void Enforcer::carry_out(const engine::Notice& notice) {
  log(notice.level, notice.event, notice.fields);
}

}  // namespace egress::daemon
