// Aliases that lead from one zone into another. Who is asked for a name has no say about names of a
// zone that is others': those are asked for the target, and what else the answer says is dropped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "egress/dns/lookup.hpp"
#include "egress/policy/resolvers.hpp"

namespace egress::cares {

// What is known of a name whose aliases have led to other resolvers.
struct Detour {
  std::vector<std::string> chain{};  // up to the name that is asked for now
  seconds ttl{0};                    // the least of these aliases

  bool is_empty() const { return chain.empty(); }
  // Takes the aliases of `answer` in, up to the first target that others than those of its question
  // are asked for, and tells that; empty: there is none.
  std::optional<DnsName> follow(const dns::Answer& answer, const policy::Resolvers& resolvers);
  // The answer to where it led, as one about `question`; `malformed` past limits::kCnameChain.
  dns::Answer joined(const dns::Question& question, dns::Answer answer) const;
};

}  // namespace egress::cares
