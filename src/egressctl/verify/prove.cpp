#include "egressctl/verify/prove.hpp"

#include <random>
#include <set>

#include "egress/core/nearest.hpp"
#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/flows.hpp"
#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/plan.hpp"
#include "egressctl/verify/sources.hpp"

namespace egress::verify {

namespace {

constexpr const char* kFromElsewhere = "tried on this host alone";
constexpr const char* kTakesRoot = "it takes root to play a neighbour of this host";

// Another one each time, or nearly: the connection tracking remembers a flow for some minutes.
Port source_port() {
  constexpr unsigned kFirst = 20000, kPorts = 10000;
  return static_cast<Port>(kFirst + std::random_device()() % kPorts);
}

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// The endpoints that egressd counts by themselves.
std::vector<Endpoint> counted_endpoints(const std::vector<Probe>& probes) {
  std::set<Endpoint> endpoints;
  for (const Probe& probe : probes)
    if ((has_own_count(probe) || probe.method == Method::fragment) && !is_within_host(probe))
      endpoints.insert(counted_endpoint(probe.endpoint));
  return {endpoints.begin(), endpoints.end()};
}

class Proof {
 public:
  Proof(Daemon& daemon, Prober& prober, const Selection& chosen, const Tell& tell,
        const Outside& outside)
      : daemon_(daemon), prober_(prober), chosen_(chosen), tell_(tell), outside_(outside) {}

  std::optional<Report> run();

 private:
  template <class T>
  void keep_chosen(std::vector<T>& all) const {
    std::erase_if(all, [&](const T& one) { return !chosen_.has(one.kind); });
  }
  std::optional<std::vector<Trial>> probe(std::string_view phase, const std::vector<Probe>& probes);
  // Empty readings without a guard, which is not asked then.
  std::optional<control::DnsReply> told(const control::ProofReply& policy) {
    return is_guarded(policy) ? daemon_.dns() : control::DnsReply{};
  }
  bool prove_works(const control::ProofReply& policy);
  bool prove_answers();
  // As root it must be possible.
  Row without_neighbour(KindId kind, const Error& why) const {
    const bool is_root = prober_.runs_as_root();
    return untried(kind, is_root ? "nobody could be played outside" : kTakesRoot, why.message,
                   is_root ? Mark::not_proven : Mark::untried);
  }
  bool prove_inbound(const control::ProofReply& policy);
  bool open_flows(const control::ProofReply& policy);
  bool prove_truths(const control::ProofReply& policy);
  bool prove_refusals(const control::ProofReply& policy);
  bool prove_disguises();
  bool prove_disguise(KindId kind, const Disguises& disguises);
  bool prove_related();
  bool prove_proxies(const control::ProofReply& policy);
  Report conclusion();

  Daemon& daemon_;
  Prober& prober_;
  const Selection& chosen_;
  const Tell& tell_;
  const Outside& outside_;
  std::vector<Trial> works_;    // of what must work
  std::vector<Trial> lookups_;  // of plan_lookups(), or of plan_answers()
  std::vector<Probe> revoked_;  // of what was open when its entry was revoked
  Findings findings_;
};

std::optional<std::vector<Trial>> Proof::probe(std::string_view phase,
                                               const std::vector<Probe>& probes) {
  return prober_.probe(probes, [&](std::size_t done) { tell_(phase, done, probes.size()); });
}

bool Proof::prove_works(const control::ProofReply& policy) {
  Plan plan = plan_works(policy, outside_);
  if (!chosen_.needs_controls()) keep_chosen(plan.probes);
  const auto count = static_cast<std::ptrdiff_t>(plan.probes.size());
  auto questions =
      is_guarded(policy) ? plan_answers(policy, outside_) : plan_lookups(policy, outside_);
  keep_chosen(questions);
  append(plan.probes, questions);
  daemon_.announce({}, counted_endpoints(plan.probes));
  const auto before = daemon_.refusals();
  if (!before) return false;
  auto trials = probe("what must work", plan.probes);
  const auto after = daemon_.refusals();
  if (!trials || !after) return false;
  lookups_.assign(trials->begin() + count, trials->end());
  trials->erase(trials->begin() + count, trials->end());
  works_ = *trials;
  findings_.controls = controls_of(*trials);
  findings_.controls.is_other_user = prober_.is_other_user();
  findings_.controls.is_forwarded = prober_.is_forwarded();
  findings_.controls.is_root = prober_.is_root();
  findings_.controls.user = prober_.user();
  findings_.works = judge_works(*trials, {*before, *after});
  append(findings_.works, plan.rows);
  return true;
}

// The answers themselves may have opened addresses: the policy is read again.
bool Proof::prove_answers() {
  const auto after = daemon_.proof();
  if (!after) return false;
  append(findings_.works, judge_answers(lookups_, *after));
  return true;
}

bool Proof::prove_inbound(const control::ProofReply& policy) {
  if (!policy.inbound.empty() && !leaves_out_flows(policy.inbound)) {
    findings_.works.push_back(untried("works.inbound", "the policy lists UDP ports of its own",
                                      joined(policy.inbound), Mark::skipped));
    return true;
  }
  if (prober_.is_forwarded()) {
    findings_.works.push_back(untried("works.inbound", kFromElsewhere, {}, Mark::untried));
    return true;
  }
  if (const auto met = prober_.meet_neighbour(); !met) {
    findings_.works.push_back(without_neighbour("works.inbound", met.error()));
    return true;
  }
  const auto before = daemon_.refusals();
  const auto trials = probe("inbound", plan_inbound());
  const auto after = daemon_.refusals();
  if (!before || !trials || !after) return false;
  append(findings_.works, judge_inbound(*trials, {*before, *after}, policy.inbound));
  return true;
}

// Allows for a moment what is nobody's, so that its flows are open, and revokes it.
bool Proof::open_flows(const control::ProofReply& policy) {
  const auto targets = plan_grant(policy);
  const auto give_up = [&](std::string seen, std::string why, Mark mark) {
    findings_.refusals.push_back(untried("refused.revoked", std::move(seen), std::move(why), mark));
    return true;
  };
  if (targets.empty()) return give_up("allowed by policy", {}, Mark::skipped);
  if (const auto met = prober_.meet_neighbour(); !met) {
    findings_.refusals.push_back(without_neighbour("refused.revoked", met.error()));
    return true;
  }
  if (const auto granted = daemon_.grant(targets); !granted)
    return give_up("nothing could be allowed for it", granted.error().message, Mark::not_proven);
  const auto before = daemon_.proof();
  const auto flows = probe("what is revoked", plan_granted_flows(targets, source_port()));
  const auto after = daemon_.proof();
  const auto revoked = daemon_.revoke(targets);
  if (!before || !flows || !after) return false;
  if (!revoked)
    return give_up("it could not be revoked", revoked.error().message, Mark::not_proven);
  auto [probes, rows] = judge_granted_flows(*flows, *before, *after, prober_.is_forwarded());
  revoked_ = std::move(probes);
  append(findings_.refusals, rows);
  return true;
}

bool Proof::prove_truths(const control::ProofReply& policy) {
  findings_.truths = {judge_table(policy.table), judge_elements(policy.table),
                      judge_expiry(policy.table)};
  if (chosen_.has("true.socket")) findings_.truths.push_back(judge_attempt(daemon_.attempt()));
  const auto health = daemon_.health();
  if (!health) return false;
  findings_.truths.push_back(judge_clocks(*health));
  append(findings_.truths, judge_others(health->reply));
  append(findings_.truths, judge_unheard(health->reply.unheard));
  const auto passages = daemon_.passages();
  if (!passages) return false;
  append(findings_.truths, judge_passages(*passages));
  return true;
}

bool Proof::prove_refusals(const control::ProofReply& policy) {
  if (chosen_.has("refused.revoked") && !open_flows(policy)) return false;
  Plan plan = plan_refusals(policy, lookups_, outside_);
  append(plan.probes, revoked_);
  keep_chosen(plan.probes);
  daemon_.announce(counted_endpoints(plan.probes), {});
  const auto before = daemon_.refusals();
  const auto told_before = told(policy);
  if (!before || !told_before) return false;
  const auto trials = probe("what must be refused", plan.probes);
  const auto after = daemon_.refusals();
  const auto told_after = told(policy);
  if (!trials || !after || !told_after) return false;
  append(findings_.refusals, judge_refusals(*trials, {*before, *after}, findings_.controls,
                                            {*told_before, *told_after}));
  append(findings_.refusals, plan.rows);
  return true;
}

bool Proof::prove_disguise(KindId kind, const Disguises& disguises) {
  if (!chosen_.has(kind) && !chosen_.has("source.trampoline")) return true;
  const auto probes = plan_disguises(kind, disguises, outside_);
  daemon_.announce(counted_endpoints(probes), {});
  const auto before = daemon_.refusals();
  const auto trials = probe("in another's name", probes);
  const auto after = daemon_.refusals();
  if (!before || !trials || !after) return false;
  append(findings_.refusals, judge_disguises(*trials, {*before, *after}, findings_.controls));
  return true;
}

// Each kind between readings of its own, since all count as one.
bool Proof::prove_disguises() {
  const auto met = prober_.meet_neighbour();
  const Disguises disguises{prober_.own_addresses(), met.has_value(), prober_.is_forwarded()};
  const std::uint64_t heard = prober_.heard();
  if (!prove_disguise("source.freebind", disguises)) return false;
  if (!prove_disguise("source.spoofed", disguises)) return false;
  findings_.refusals.push_back(met ? judge_trampoline(prober_.heard() - heard)
                                   : without_neighbour("source.trampoline", met.error()));
  return true;
}

bool Proof::prove_related() {
  if (!chosen_.has("source.related")) return true;
  const auto met = prober_.meet_neighbour();
  const std::vector<Endpoint> flows = met ? prober_.be_asked() : std::vector<Endpoint>();
  const std::uint64_t heard = prober_.heard();
  const auto before = daemon_.refusals();
  const auto trials = probe("errors about others", plan_related(flows));
  const auto after = daemon_.refusals();
  if (!before || !trials || !after) return false;
  if (flows.empty() && !all_without_right(*trials)) {
    const Error why = met ? Error{"nobody's flow arrived here"} : met.error();
    findings_.refusals.push_back(without_neighbour("source.related", why));
    return true;
  }
  append(findings_.refusals,
         judge_related(*trials, {*before, *after}, prober_.heard() - heard, findings_.controls));
  return true;
}

bool Proof::prove_proxies(const control::ProofReply& policy) {
  if (!chosen_.has("source.proxy")) return true;
  const Plan plan = plan_proxies(policy, works_, outside_);
  daemon_.announce({}, counted_endpoints(plan.probes));
  const auto trials = probe("proxies", plan.probes);
  if (!trials) return false;
  append(findings_.refusals, judge_proxies(*trials));
  append(findings_.refusals, plan.rows);
  return true;
}

Report Proof::conclusion() {
  for (Rows* rows : {&findings_.works, &findings_.refusals, &findings_.truths}) keep_chosen(*rows);
  return conclude(findings_, chosen_);
}

std::optional<Report> Proof::run() {
  const auto policy = daemon_.proof();
  if (!policy) return std::nullopt;
  findings_.is_audit = policy->mode == "audit";
  findings_.is_open = policy->mode == "open";
  findings_.is_panic = policy->mode == "panic";
  findings_.answers_anybody = policy->inbound.empty();
  if (chosen_.has(Group::truth) && !prove_truths(*policy)) return std::nullopt;
  if (findings_.is_panic) return conclusion();
  const bool tries_works = chosen_.has(Group::works) || chosen_.needs_controls();
  if (tries_works && !prove_works(*policy)) return std::nullopt;
  if (is_guarded(*policy) && chosen_.has("works.answers") && !prove_answers()) return std::nullopt;
  if (chosen_.has("works.inbound") && !prove_inbound(*policy)) return std::nullopt;
  const bool enforces = !findings_.is_audit && !findings_.is_open;
  const bool refuses = enforces && chosen_.has(Group::refused);
  if (refuses && !prove_refusals(*policy)) return std::nullopt;
  const bool judges_sources = enforces && chosen_.has(Group::source);
  if (judges_sources && !(prove_disguises() && prove_related() && prove_proxies(*policy)))
    return std::nullopt;
  return conclusion();
}

}  // namespace

std::optional<Report> prove(Daemon& daemon, Prober& prober, const Selection& chosen,
                            const Tell& tell, const Outside& outside) {
  return Proof(daemon, prober, chosen, tell, outside).run();
}

}  // namespace egress::verify
