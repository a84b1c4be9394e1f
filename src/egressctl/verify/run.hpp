// Makes the probes, many at once.
#pragma once

#include <functional>
#include <vector>

#include "adapters/tls/handshake.hpp"
#include "egressctl/verify/probe.hpp"

namespace egress::verify {

struct Pace {
  std::chrono::milliseconds timeout;  // of one probe
  std::chrono::milliseconds
      phase;  // of all; a probe not begun by then is `impossible`: out of time
};

// Called after each probe, from any thread but never from two at once, with how many are done.
using Progress = std::function<void(std::size_t done)>;

// The trials, in the order of the probes. Returns within pace.phase + pace.timeout.
std::vector<Trial> run(const std::vector<Probe>& probes, const tls::Trust& trust, const Pace& pace,
                       const Progress& progress);

}  // namespace egress::verify
