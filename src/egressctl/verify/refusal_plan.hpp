// Collects what must be refused, and turns what the policy allows into rows.
#pragma once

#include <string>
#include <utility>

#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/plan.hpp"

namespace egress::verify {

class RefusalPlan {
 public:
  RefusalPlan(const control::ProofReply& proof, const Outside& outside)
      : allowed_(proof), outside_(outside) {}

  const Allowed& allowed() const { return allowed_; }
  const Outside& outside() const { return outside_; }
  // Unless the policy opens the endpoint.
  void add(Probe probe);
  void add(KindId kind, Method method, const Endpoint& endpoint, std::string label);
  // Whatever the policy opens: no packet for port 53 gets past the guard.
  void ask_guard(Probe probe) { plan_.probes.push_back(std::move(probe)); }
  void add_row(KindId kind, std::string probe, std::string seen, std::string evidence, Mark mark);
  void skip(KindId kind, std::string probe, const std::string& opener) {
    add_row(kind, std::move(probe), "allowed by policy: " + opener, {}, Mark::skipped);
  }
  // No packet of it is sent twice.
  Plan take() {
    for (Probe& probe : plan_.probes) probe.tries = probe::Tries::once;
    return std::move(plan_);
  }

 private:
  Allowed allowed_;
  const Outside& outside_;
  Plan plan_;
};

}  // namespace egress::verify
