// Makes the probes, many at once.
#pragma once

#include <functional>
#include <vector>

#include "adapters/probe/neighbour.hpp"
#include "adapters/tls/handshake.hpp"
#include "egressctl/verify/probe.hpp"

namespace egress::verify {

struct Pace {
  std::chrono::milliseconds timeout;  // of one probe
  std::chrono::milliseconds
      phase;  // of all; a probe not begun by then is `impossible`: out of time
};

struct Means {
  const tls::Trust& trust;
  Pace pace;
  const probe::Neighbour* neighbour = nullptr;  // who asks this host; none: `impossible`
};

// Called after each probe, from any thread but never from two at once, with how many are done.
using Progress = std::function<void(std::size_t done)>;

// The trials, in the order of the probes. Returns within pace.phase + pace.timeout.
std::vector<Trial> run(const std::vector<Probe>& probes, const Means& means,
                       const Progress& progress);

}  // namespace egress::verify
