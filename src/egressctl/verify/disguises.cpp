#include <algorithm>
#include <cerrno>

#include "adapters/probe/neighbour.hpp"
#include "egressctl/verify/sources.hpp"

namespace egress::verify {

namespace {

using probe::Outcome;

constexpr KindId kFreebind = "source.freebind";
// Nobody listens, and no other probe goes there (RFC 862).
constexpr Port kUnused = 7;
// By which a rule can tell them apart.
constexpr Port kBoundFrom = 4007, kSpoofedFrom = 4008;

// Whether the counter of foreign sources shows all packets that did not get through.
bool all_counted(std::span<const Trial> trials, const Refusals& refusals) {
  const auto count = std::ranges::count_if(trials, [](const Trial& trial) {
    return is_dropped(trial) || trial.seen.outcome == Outcome::timeout;
  });
  return refusals.foreign() >= static_cast<std::uint64_t>(count);
}

// It left the socket, and nothing is known of it but what was counted.
void judge_sent(bool is_counted, const Controls& controls, Row& row) {
  if (is_counted) {
    row.mark = Mark::holds;
  } else if (controls.is_forwarded || !(controls.reached_v4 || controls.reached_v6)) {
    // From elsewhere, or on a dead network, where all is silent.
    row.evidence = "nothing shows who dropped it; " + row.evidence;
  } else {
    row.mark = Mark::leak;
    row.evidence = "it was let go; " + row.evidence;
  }
}

void judge_dropped(bool is_counted, std::uint64_t refused, Row& row) {
  if (refused > 0) {
    row.mark = Mark::leak;
    row.evidence = "it was refused with an error, which goes to whom it names as its sender";
  } else if (is_counted) {
    row.mark = Mark::holds;
  } else {
    row.evidence = "not shown to be dropped by egressd; " + row.evidence;
  }
}

Row judge(const Trial& trial, bool is_counted, const Refusals& refusals, const Controls& controls) {
  Row row{trial.probe.kind, describe(trial.probe), "dropped", summary(trial.seen), {},
          Mark::not_proven, latency(trial)};
  row.evidence = "egressd's counter of foreign sources +" + std::to_string(refusals.foreign());
  switch (trial.seen.outcome) {
    case Outcome::reached:
    case Outcome::wrong_answer:
      row.mark = Mark::leak;
      row.seen = "arrived";
      row.evidence = "whatever answers it leaves for the host in whose name it came";
      break;
    case Outcome::timeout:
      row.seen = "sent";
      judge_sent(is_counted, controls, row);
      break;
    case Outcome::refused:
      if (is_dropped(trial)) judge_dropped(is_counted, refusals.at(trial.probe.endpoint), row);
      break;
    case Outcome::no_route:
      row.mark = Mark::not_applicable;
      row.seen = without_route(trial.probe.family());
      row.evidence = "nothing can leave that way";
      break;
    case Outcome::impossible:
      judge_unmade(trial, controls, row);
      break;
  }
  return row;
}

IpAddress of_family(Family family, const OutsideHost& host) {
  return family == Family::ipv4 ? v4_of(host) : v6_of(host);
}

}  // namespace

bool is_dropped(const Trial& trial) {
  return trial.seen.outcome == Outcome::refused && trial.seen.error == EPERM;
}

void judge_unmade(const Trial& trial, const Controls& controls, Row& row) {
  const bool has_no_right = trial.seen.error == EPERM || trial.seen.error == EACCES;
  row.evidence = "the probe could not be made";
  if (!has_no_right || controls.is_root) return;
  row.mark = Mark::no_right;
  row.seen = "n/a: this user may not make the socket";
  row.evidence = "cannot be tried here, and cannot be sent for the same reason; as root it is";
}

std::vector<Probe> plan_disguises(KindId kind, const Disguises& disguises, const Outside& outside) {
  std::vector<Probe> probes;
  for (const IpAddress& own : disguises.own) {
    const Family family = own.family();
    // Over IPv4 the kernel itself sends nothing from such a socket.
    if (kind == kFreebind && family == Family::ipv4) continue;
    Probe probe;
    probe.kind = kind;
    probe.method = kind == kFreebind ? Method::bound : Method::spoofed;
    probe.label = kind == kFreebind ? "bound to another's address" : "another's address by hand";
    probe.source = disguises.has_neighbour ? probe::neighbours_address(family)
                                           : of_family(family, outside.hosts.back());
    probe.source_port = kind == kFreebind ? kBoundFrom : kSpoofedFrom;
    std::vector<Endpoint> targets{
        {own, Transport::udp, kUnused},
        {of_family(family, outside.hosts.front()), Transport::udp, kUnused}};
    if (!disguises.is_forwarded) targets.push_back({own, Transport::udp, 0});
    for (const Endpoint& target : targets) {
      probes.push_back(probe);
      probes.back().endpoint = target;
    }
  }
  return probes;
}

Rows judge_disguises(std::span<const Trial> trials, const Refusals& refusals,
                     const Controls& controls) {
  const bool is_counted = all_counted(trials, refusals);
  Rows rows;
  for (const Trial& trial : trials) rows.push_back(judge(trial, is_counted, refusals, controls));
  return rows;
}

Row judge_trampoline(std::uint64_t answers) {
  Row row{"source.trampoline",
          "a host in whose name packets are sent",
          "hears nothing",
          "heard nothing",
          {},
          Mark::holds,
          {}};
  if (answers == 0) return row;
  row.mark = Mark::leak;
  row.seen = "was sent packets: " + std::to_string(answers);
  row.evidence = "what this host answered, in which the sent data comes back";
  return row;
}

}  // namespace egress::verify
