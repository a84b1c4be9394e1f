// Who makes the probes: this process, or one that stands elsewhere.
#pragma once

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/probe/flow.hpp"
#include "adapters/probe/neighbour.hpp"
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
  // Root makes them: what cannot be made then is not for want of a right.
  bool is_root() const { return !is_other_user() && runs_as_root(); }
  // Verify itself, as whomever it probes.
  virtual bool runs_as_root() const { return ::geteuid() == 0; }

  // Who is not root: "coder (uid 1000)".
  virtual std::string user() const;

  // From now on somebody outside answers, whom this process plays itself, beside this host and not
  // where the probes are made. The process must have one thread: it forks.
  virtual Result<void> meet_neighbour() {
    if (neighbour_) return {};
    auto made = probe::Neighbour::make();
    if (!made) return tl::unexpected(made.error());
    neighbour_ = std::move(*made);
    return {};
  }
  // How many packets came to that somebody who had not asked for any.
  virtual std::uint64_t heard() const { return neighbour_ ? neighbour_->unasked() : 0; }
  // Flows which that somebody has begun to this host, one of each family, and their ends here. They
  // stand until the next call.
  virtual std::vector<Endpoint> be_asked();
  // The host's own addresses, one of each family that it has.
  virtual std::vector<IpAddress> own_addresses() const;

 protected:
  const probe::Neighbour* neighbour() const { return neighbour_.get(); }

 private:
  std::unique_ptr<probe::Neighbour> neighbour_;
  std::vector<probe::AskedFlow> asked_;
};

class LocalProber : public Prober {
 public:
  LocalProber(const tls::Trust& trust, const Pace& pace) : trust_(trust), pace_(pace) {}
  std::optional<std::vector<Trial>> probe(const std::vector<Probe>& probes,
                                          const Progress& progress) override {
    return run(probes, {trust_, pace_, neighbour()}, progress);
  }

 private:
  const tls::Trust& trust_;
  Pace pace_;
};

}  // namespace egress::verify
