#include "egressctl/verify/run.hpp"

#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>

#include "adapters/probe/dns.hpp"
#include "adapters/probe/ntp.hpp"
#include "adapters/probe/ping.hpp"
#include "adapters/probe/tcp.hpp"
#include "egress/core/limits.hpp"

namespace egress::verify {

namespace {

using probe::Deadline;
using probe::Observation;
using probe::Outcome;

Observation observe_tls(const Probe& probe, const tls::Trust& trust, const Deadline& deadline) {
  auto connection = probe::connect_tcp(probe.endpoint.address, probe.endpoint.port, deadline);
  Observation seen = connection.observation;
  if (seen.outcome != Outcome::reached) return seen;
  const auto session = tls::handshake(trust, connection.socket, *probe.name, deadline);
  seen.elapsed = deadline.elapsed();
  seen.outcome = session ? Outcome::reached : Outcome::wrong_answer;
  seen.detail = session ? *session : session.error().message;
  return seen;
}

// What does not fit into a datagram is asked again over TCP only where the answer is wanted: where
// it must not come, what was seen over UDP counts.
Observation observe_dns(const Probe& probe, const Deadline& deadline) {
  const auto& [address, transport, port] = probe.endpoint;
  const probe::Question question{*probe.name, probe.type, probe.guard.has_value()};
  const Observation seen = probe::ask({address, port}, transport, question, deadline);
  const bool is_wanted = probe.guard == GuardAnswer::addresses && transport == Transport::udp;
  if (!seen.is_truncated || !is_wanted) return seen;
  return probe::ask({address, port}, Transport::tcp, question, deadline);
}

Observation observe(const Probe& probe, const tls::Trust& trust, const Deadline& deadline) {
  const auto& [address, transport, port] = probe.endpoint;
  switch (probe.method) {
    case Method::tcp:
      return probe::connect_tcp(address, port, deadline).observation;
    case Method::tls:
      return observe_tls(probe, trust, deadline);
    case Method::dns:
      return observe_dns(probe, deadline);
    case Method::ntp:
      return probe::ask_ntp(address, port, deadline);
    case Method::ping:
      return probe::ping(address, deadline);
  }
  return {};
}

// The probes that are still to be made, shared by the threads.
class Queue {
 public:
  Queue(std::vector<Trial>& trials, const Progress& progress)
      : trials_(trials), progress_(progress) {}

  Trial* next() {
    const std::lock_guard lock(mutex_);
    return next_ < trials_.size() ? &trials_[next_++] : nullptr;
  }
  void tell_done() {
    const std::lock_guard lock(mutex_);
    progress_(++done_);
  }

 private:
  std::mutex mutex_;
  std::vector<Trial>& trials_;
  const Progress& progress_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
};

// OpenSSL writes with write(2): without this a peer that closes early would end the program.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void work(Queue& queue, const tls::Trust& trust, const Pace& pace, const Deadline& phase) {
  block_sigpipe();
  while (Trial* trial = queue.next()) {
    if (phase.passed()) {
      trial->seen.detail = "out of time";
    } else {
      trial->seen = observe(trial->probe, trust, Deadline(pace.timeout));
    }
    queue.tell_done();
  }
}

}  // namespace

std::vector<Trial> run(const std::vector<Probe>& probes, const tls::Trust& trust, const Pace& pace,
                       const Progress& progress) {
  std::vector<Trial> trials;
  for (const Probe& probe : probes) trials.push_back({probe, {}});
  const Deadline phase(pace.phase);
  Queue queue(trials, progress);
  const auto body = [&] { work(queue, trust, pace, phase); };
  std::vector<std::jthread> threads;
  try {
    while (threads.size() < std::min(probes.size(), limits::kProofThreads))
      threads.emplace_back(body);
  } catch (const std::system_error&) {
    // Fewer threads than wished do the same work; without any, this one does it.
    if (threads.empty()) body();
  }
  threads.clear();  // joins
  return trials;
}

}  // namespace egress::verify
