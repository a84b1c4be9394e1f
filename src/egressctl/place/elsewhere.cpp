#include "egressctl/place/elsewhere.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "adapters/file_descriptor.hpp"
#include "adapters/probe/socket.hpp"
#include "adapters/system_error.hpp"
#include "egressctl/place/observations.hpp"

namespace egress::place {

namespace {

using verify::Probe;
using verify::Trial;

// What the child writes: a mark for each probe that is done, then one of the others and the text.
constexpr char kDone = '.';
constexpr char kSeen = '=';
constexpr char kError = '!';

void write_all(int pipe, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(pipe, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;  // nobody reads any more
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void probe_there(const Place& place, const std::vector<Probe>& probes, const tls::Trust& trust,
                 const verify::Pace& pace, int pipe) {
  if (const auto entered = enter(place); !entered)
    return write_all(pipe, kError + entered.error().message);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after enter(): a change of the user clears it
  const auto trials = verify::run(probes, trust, pace,
                                  [&](std::size_t) { write_all(pipe, std::string(1, kDone)); });
  std::vector<probe::Observation> seen;
  for (const Trial& trial : trials) seen.push_back(trial.seen);
  write_all(pipe, kSeen + print_observations(seen));
}

// All that the child tells, less the marks of progress.
std::string listen(int pipe, const verify::Progress& progress) {
  std::string told;
  std::size_t done = 0;
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return told;
    std::string_view text(chunk.data(), static_cast<std::size_t>(got));
    while (told.empty() && text.starts_with(kDone)) {
      progress(++done);
      text.remove_prefix(1);
    }
    told += text;
  }
}

void reap(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::optional<std::vector<Trial>> Elsewhere::probe(const std::vector<Probe>& probes,
                                                   const verify::Progress& progress) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    error_ = fail_errno("make a pipe").value().message;
    return std::nullopt;
  }
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    probe_there(place_, probes, trust_, pace_, writing.get());
    ::_exit(0);
  }
  writing = FileDescriptor();
  const std::string told = child > 0 ? listen(reading.get(), progress) : "";
  if (child > 0) reap(child);
  if (child > 0 && !place_.cgroup.empty()) ::rmdir(leaf_of(place_.cgroup, child).c_str());
  return trials(probes, told);
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
