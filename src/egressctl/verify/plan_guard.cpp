#include "egressctl/verify/plan_guard.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"
#include "egressctl/verify/guard_questions.hpp"

namespace egress::verify {

using control::ProofReply;

void plan_guard_works(const ProofReply& proof, const Outside& outside, Plan& plan) {
  const auto names = allowed_names(proof);
  const auto unlisted = unlisted_name(Allowed(proof), outside);
  if (names.empty() && !unlisted) return;
  for (const IpAddress& server : asked_at(proof, outside)) {
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
      Probe probe = names.empty() ? question("works.guard", "DNS guard", server, *unlisted,
                                             GuardAnswer::refusal)
                                  : with_type(question("works.guard", "DNS guard", server,
                                                       names.front().name, GuardAnswer::addresses),
                                              names.front().type);
      probe.target = "DNS guard over " + std::string(text(transport));
      plan.probes.push_back(over(std::move(probe), transport));
    }
  }
}

std::vector<Probe> plan_answers(const ProofReply& proof, const Outside& outside) {
  std::vector<Probe> probes;
  if (!is_guarded(proof)) return probes;
  const IpAddress server = asked_at(proof, outside).front();
  auto names = allowed_names(proof);
  names.resize(std::min(names.size(), limits::kProofNames));
  for (const auto& [name, type] : names) {
    const Probe probe =
        question("works.answers", name.text(), server, name, GuardAnswer::addresses);
    probes.push_back(probe);
    probes.push_back(with_type(probe, probe::kTypeAaaa));
  }
  return probes;
}

}  // namespace egress::verify
