#include "egressctl/verify/prove.hpp"

#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/plan.hpp"

namespace egress::verify {

namespace {

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

class Proof {
 public:
  Proof(Daemon& daemon, Prober& prober, const Selection& chosen, const Tell& tell)
      : daemon_(daemon), prober_(prober), chosen_(chosen), tell_(tell) {}

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
  bool prove_refusals(const control::ProofReply& policy);
  Report conclusion();

  Daemon& daemon_;
  Prober& prober_;
  const Selection& chosen_;
  const Tell& tell_;
  std::vector<Trial> lookups_;  // of plan_lookups(), or of plan_answers()
  Findings findings_;
};

std::optional<std::vector<Trial>> Proof::probe(std::string_view phase,
                                               const std::vector<Probe>& probes) {
  return prober_.probe(probes, [&](std::size_t done) { tell_(phase, done, probes.size()); });
}

bool Proof::prove_works(const control::ProofReply& policy) {
  const auto before = daemon_.refusals();
  if (!before) return false;
  Plan plan = plan_works(policy);
  if (!chosen_.needs_controls()) keep_chosen(plan.probes);
  const auto count = static_cast<std::ptrdiff_t>(plan.probes.size());
  auto questions = is_guarded(policy) ? plan_answers(policy) : plan_lookups(policy);
  keep_chosen(questions);
  append(plan.probes, questions);
  auto trials = probe("what must work", plan.probes);
  const auto after = daemon_.refusals();
  if (!trials || !after) return false;
  lookups_.assign(trials->begin() + count, trials->end());
  trials->erase(trials->begin() + count, trials->end());
  findings_.controls = controls_of(*trials);
  findings_.controls.is_other_user = prober_.is_other_user();
  findings_.controls.is_forwarded = prober_.is_forwarded();
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

bool Proof::prove_refusals(const control::ProofReply& policy) {
  const auto before = daemon_.refusals();
  const auto told_before = told(policy);
  if (!before || !told_before) return false;
  Plan plan = plan_refusals(policy, lookups_);
  keep_chosen(plan.probes);
  const auto trials = probe("what must be refused", plan.probes);
  const auto after = daemon_.refusals();
  const auto told_after = told(policy);
  if (!trials || !after || !told_after) return false;
  findings_.refusals =
      judge_refusals(*trials, {*before, *after}, findings_.controls, {*told_before, *told_after});
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
  findings_.truths = {judge_table(policy->table)};
  if (findings_.is_panic) return conclusion();
  const bool tries_works = chosen_.has(Group::works) || chosen_.needs_controls();
  if (tries_works && !prove_works(*policy)) return std::nullopt;
  if (is_guarded(*policy) && chosen_.has("works.answers") && !prove_answers()) return std::nullopt;
  const bool refuses = !findings_.is_audit && !findings_.is_open && chosen_.has(Group::refused);
  if (refuses && !prove_refusals(*policy)) return std::nullopt;
  return conclusion();
}

}  // namespace

std::optional<Report> prove(Daemon& daemon, Prober& prober, const Selection& chosen,
                            const Tell& tell) {
  return Proof(daemon, prober, chosen, tell).run();
}

}  // namespace egress::verify
