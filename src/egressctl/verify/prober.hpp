// Who makes the probes: this process, or one that stands elsewhere.
#pragma once

#include <optional>
#include <vector>

#include "egressctl/verify/run.hpp"

namespace egress::verify {

class Prober {
 public:
  virtual ~Prober() = default;
  // The trials, in the order of the probes. Empty: they could not be made; whoever made the prober
  // knows why.
  virtual std::optional<std::vector<Trial>> probe(const std::vector<Probe>& probes,
                                                  const Progress& progress) = 0;
  // Probes that its user has no right to make are no gap in the proof: he cannot send them either.
  virtual bool is_other_user() const { return false; }
  // In another network namespace: this host forwards what they send.
  virtual bool is_forwarded() const { return false; }
};

class LocalProber : public Prober {
 public:
  LocalProber(const tls::Trust& trust, const Pace& pace) : trust_(trust), pace_(pace) {}
  std::optional<std::vector<Trial>> probe(const std::vector<Probe>& probes,
                                          const Progress& progress) override {
    return run(probes, trust_, pace_, progress);
  }

 private:
  const tls::Trust& trust_;
  Pace pace_;
};

}  // namespace egress::verify
