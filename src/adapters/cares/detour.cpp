#include "adapters/cares/detour.hpp"

#include <algorithm>
#include <utility>

#include "egress/core/limits.hpp"

namespace egress::cares {

std::optional<DnsName> Detour::follow(const dns::Answer& answer,
                                      const policy::Resolvers& resolvers) {
  const auto& asked = resolvers.of(answer.question.name);
  for (auto alias = answer.chain.begin(); alias != answer.chain.end(); ++alias) {
    const auto target = DnsName::parse(*alias);
    if (!target || resolvers.of(*target) == asked) continue;
    if (chain.size() + answer.chain.size() > limits::kCnameChain) return std::nullopt;
    ttl = chain.empty() ? answer.chain_ttl : std::min(ttl, answer.chain_ttl);
    chain.insert(chain.end(), answer.chain.begin(), alias + 1);
    return *target;
  }
  return std::nullopt;
}

dns::Answer Detour::joined(const dns::Question& question, dns::Answer answer) const {
  answer.question = question;
  if (is_empty()) return answer;
  if (chain.size() + answer.chain.size() > limits::kCnameChain)
    return {question, dns::Status::malformed, {}, {}, {}};
  answer.ttl = std::min(answer.ttl, ttl);
  answer.chain_ttl = answer.chain.empty() ? ttl : std::min(answer.chain_ttl, ttl);
  answer.chain.insert(answer.chain.begin(), chain.begin(), chain.end());
  return answer;
}

}  // namespace egress::cares
