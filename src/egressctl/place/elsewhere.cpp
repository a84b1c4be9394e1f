#include "egressctl/place/elsewhere.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "adapters/probe/socket.hpp"
#include "egressctl/place/forked.hpp"
#include "egressctl/place/observations.hpp"

namespace egress::place {

namespace {

using verify::Probe;
using verify::Trial;

// What the child writes: a mark for each probe that is done, then one of the others and the text.
constexpr char kDone = '.';
constexpr char kSeen = '=';
constexpr char kError = '!';

void probe_there(const Place& place, const std::vector<Probe>& probes, const verify::Means& means,
                 const Say& say) {
  if (const auto entered = enter(place); !entered) return say(kError + entered.error().message);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after enter(): a change of the user clears it
  const auto trials = verify::run(probes, means, [&](std::size_t) { say(std::string(1, kDone)); });
  std::vector<probe::Observation> seen;
  for (const Trial& trial : trials) seen.push_back(trial.seen);
  say(kSeen + print_observations(seen));
}

}  // namespace

std::optional<std::vector<Trial>> Elsewhere::probe(const std::vector<Probe>& probes,
                                                   const verify::Progress& progress) {
  std::size_t done = 0;
  bool has_begun = false;  // to tell: a mark is no longer one
  const auto hear = [&](std::string_view text) {
    for (; !has_begun && text.starts_with(kDone); text.remove_prefix(1)) progress(++done);
    has_begun = has_begun || !text.empty();
    return text;
  };
  const verify::Means means{trust_, pace_, neighbour()};
  const auto told =
      told_by_child([&](const Say& say) { probe_there(place_, probes, means, say); }, hear);
  if (!told) {
    error_ = told.error().message;
    return std::nullopt;
  }
  if (!place_.cgroup.empty()) ::rmdir(leaf_of(place_.cgroup, told->child).c_str());
  return trials(probes, told->text);
}

// An ICMP error is ours if it came from an address of this host: seen from a container that is its
// gateway's, not its own.
std::optional<std::vector<Trial>> Elsewhere::trials(const std::vector<Probe>& probes,
                                                    std::string_view told) {
  if (told.empty() || told.front() != kSeen) {
    error_ = told.starts_with(kError) ? told.substr(1) : "the probing process ended too early";
    return std::nullopt;
  }
  const auto seen = parse_observations(told.substr(1));
  if (!seen || seen->size() != probes.size()) {
    error_ = seen ? "the probing process told of other probes" : seen.error().message;
    return std::nullopt;
  }
  std::vector<Trial> trials;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    trials.push_back({probes[i], (*seen)[i]});
    auto& [probe, observation] = trials.back();
    if (observation.offender && !place_.netns.empty())
      observation.offender_is_local = probe::is_local(*observation.offender);
  }
  return trials;
}

}  // namespace egress::place
