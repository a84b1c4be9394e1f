#include "egressctl/verify/run.hpp"

#include <cerrno>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>

#include "adapters/probe/dns.hpp"
#include "adapters/probe/flow.hpp"
#include "adapters/probe/foreign.hpp"
#include "adapters/probe/icmp_error.hpp"
#include "adapters/probe/ntp.hpp"
#include "adapters/probe/packet.hpp"
#include "adapters/probe/ping.hpp"
#include "adapters/probe/tcp.hpp"
#include "adapters/tls/talk.hpp"
#include "egress/core/limits.hpp"

namespace egress::verify {

namespace {

using probe::Deadline;
using probe::Observation;
using probe::Outcome;

struct Terms {
  const Means& means;
  const Deadline& deadline;
};

probe::Connection connect(const Probe& probe, const Terms& terms) {
  const probe::Remote to{probe.endpoint.address, probe.endpoint.port, probe.source_port};
  return probe::connect_tcp(to, probe::connect_deadline(probe.tries, terms.deadline));
}

Observation observe_tls(const Probe& probe, const Terms& terms) {
  auto connection = connect(probe, terms);
  Observation seen = connection.observation;
  if (seen.outcome != Outcome::reached) return seen;
  const auto session =
      tls::handshake(terms.means.trust, connection.socket, *probe.name, terms.deadline);
  seen.elapsed = terms.deadline.elapsed();
  seen.outcome = session ? Outcome::reached : Outcome::wrong_answer;
  seen.detail = session ? *session : session.error().message;
  return seen;
}

// What does not fit into a datagram is asked again over TCP only where the answer is wanted: where
// it must not come, what was seen over UDP counts.
Observation observe_dns(const Probe& probe, const Terms& terms) {
  const auto& [address, transport, port] = probe.endpoint;
  const probe::Question question{*probe.name, probe.type, probe.guard.has_value()};
  const auto ask = [&](Transport over) {
    return probe::ask({address, port}, over, question, terms.deadline, probe.tries);
  };
  const Observation seen = ask(transport);
  const bool is_wanted = probe.guard == GuardAnswer::addresses && transport == Transport::udp;
  return seen.is_truncated && is_wanted ? ask(Transport::tcp) : seen;
}

// What was seen of the first connection tells whether there is anybody; `wrong_answer`: one who is
// no proxy.
Observation observe_proxy(const Probe& probe, const Terms& terms) {
  std::optional<Observation> first;
  const probe::Dial dial = [&](const Deadline& deadline) -> std::unique_ptr<probe::Talk> {
    auto connection = probe::connect_tcp({probe.endpoint.address, probe.endpoint.port}, deadline);
    if (!first) first = connection.observation;
    if (connection.observation.outcome != Outcome::reached) return nullptr;
    if (probe.method != Method::https_proxy)
      return std::make_unique<probe::PlainTalk>(std::move(connection.socket));
    const std::string host = probe.name ? probe.name->text() : "";
    return tls::talk(terms.means.trust, std::move(connection.socket), host, deadline);
  };
  const bool is_socks = probe.method == Method::socks_proxy;
  std::string how = is_socks ? probe::ask_socks_proxy(dial, *probe.outsider, terms.deadline)
                             : probe::ask_http_proxy(dial, *probe.outsider, terms.deadline);
  Observation seen = first.value_or(Observation{});
  if (seen.outcome != Outcome::reached) return seen;
  if (how.empty()) seen.outcome = Outcome::wrong_answer;
  seen.detail = std::move(how);
  return seen;
}

Observation observe(const Probe& probe, const Terms& terms) {
  const auto& [address, transport, port] = probe.endpoint;
  switch (probe.method) {
    case Method::tcp:
      return connect(probe, terms).observation;
    case Method::tls:
      return observe_tls(probe, terms);
    case Method::dns:
      return observe_dns(probe, terms);
    case Method::ntp:
      return probe::ask_ntp(address, port, terms.deadline);
    case Method::ping:
      return probe::ping(address, terms.deadline);
    case Method::datagram:
      return probe::exchange_udp({address, port, probe.source_port}, probe.payload,
                                 probe::accept_any, probe::Tries::once, terms.deadline);
    case Method::packet:
      return probe::send_packet(address, probe.protocol, probe.payload, terms.deadline);
    case Method::fragment:
      return probe::send_fragment(
          address, port, port == 0 ? probe::Piece::later : probe::Piece::first, terms.deadline);
    case Method::loopback:
      return probe::connect_to_self(address, terms.deadline);
    case Method::open_flow:
      return probe::open_flow({address, port, probe.source_port}, terms.deadline);
    case Method::answer_flow:
      return terms.means.neighbour != nullptr
                 ? probe::answer_flow(*terms.means.neighbour, address.family(), terms.deadline)
                 : probe::impossible(ENOENT);
    case Method::bound:
    case Method::spoofed:
      return probe::send_in_disguise(
          probe.method == Method::bound ? probe::Disguise::bound : probe::Disguise::raw,
          {*probe.source, probe.source_port}, {address, port}, terms.deadline);
    case Method::error:
      return probe::send_error({address, port}, {probe.flow->address, probe.flow->port},
                               terms.deadline);
    case Method::http_proxy:
    case Method::https_proxy:
    case Method::socks_proxy:
      return observe_proxy(probe, terms);
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

void work(Queue& queue, const Means& means, const Deadline& phase) {
  block_sigpipe();
  while (Trial* trial = queue.next()) {
    if (phase.passed()) {
      trial->seen.detail = "out of time";
    } else {
      const Deadline deadline(means.pace.timeout);
      trial->seen = observe(trial->probe, {means, deadline});
    }
    queue.tell_done();
  }
}

}  // namespace

std::vector<Trial> run(const std::vector<Probe>& probes, const Means& means,
                       const Progress& progress) {
  std::vector<Trial> trials;
  for (const Probe& probe : probes) trials.push_back({probe, {}});
  const Deadline phase(means.pace.phase);
  Queue queue(trials, progress);
  const auto body = [&] { work(queue, means, phase); };
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
