// The whole run: ask the daemon, probe, ask again, judge.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "control/messages.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/prober.hpp"
#include "egressctl/verify/report.hpp"
#include "egressctl/verify/selection.hpp"
#include "egressctl/verify/truths.hpp"

namespace egress::verify {

// Who knows the policy and counts the refusals. Empty: it did not answer, and the user has been
// told.
class Daemon {
 public:
  virtual ~Daemon() = default;
  virtual std::optional<control::ProofReply> proof() = 0;
  virtual std::optional<control::RefusalsReply> refusals() = 0;
  // Has it count by itself what is refused there. Where it does not, those counters must do that
  // others fill as well. What is allowed and tried is no hit for some seconds, if root asks.
  virtual void announce(const std::vector<Endpoint>& refused,
                        const std::vector<Endpoint>& allowed) = 0;
  virtual std::optional<control::DnsReply> dns() = 0;
  virtual std::optional<Health> health() = 0;
  // The ways through this host that nothing holds.
  virtual std::optional<std::vector<Passage>> passages() = 0;
  // A harmless change, asked for by somebody without rights.
  virtual Attempt attempt() = 0;
  // Allows targets for a moment; revokes them. Why not, where it did not come to that.
  virtual Result<void> grant(const std::vector<std::string>& targets) = 0;
  virtual Result<void> revoke(const std::vector<std::string>& targets) = 0;
};

// Called after each probe, never from two threads at once.
using Tell = std::function<void(std::string_view phase, std::size_t done, std::size_t total)>;

// What is not chosen is neither tried nor told, but for the positive controls of a refusal.
// What must work comes first, with the positive controls; then what must be refused, between two
// readings of the refusal counters, and with `dns: guard` of the guard's own. In audit mode and
// while egressd is open nothing is refused, so nothing of the latter is tried; in panic nothing at
// all. Probes twice, so that it takes at most 2 * (pace.phase + pace.timeout).
// Empty: the daemon did not answer, or the probes could not be made.
std::optional<Report> prove(Daemon& daemon, Prober& prober, const Selection& chosen,
                            const Tell& tell, const Outside& outside = well_known());

}  // namespace egress::verify
