#include "bench/egressd.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "bench/authority.hpp"
#include "support/process_times.hpp"

namespace egress::bench {
namespace {

constexpr auto kPatience = std::chrono::minutes(2);
constexpr double kKibPerMib = 1024;

std::string proc_file(pid_t pid, const char* file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
  if (!in) throw std::runtime_error("egressd has ended");
  return {std::istreambuf_iterator<char>(in), {}};
}

// The number behind "Name:" in /proc/PID/status.
std::uint64_t field(const std::string& status, const std::string& name) {
  const std::size_t at = status.find("\n" + name + ":");
  if (at == std::string::npos) throw std::runtime_error("no " + name + " in /proc/PID/status");
  return std::stoull(status.substr(at + name.size() + 2));
}

}  // namespace

std::string policy_of(std::size_t count, const std::string& more) {
  std::string text = "version: 1\nresolvers: [" + std::string(test::kResolver) + "]\n" + more;
  text += count == 0 ? "allow: []\n" : "allow:\n";
  for (std::size_t i = 0; i < count; ++i) text += "  - " + name(i) + ":443\n";
  return text;
}

pid_t daemon_pid(const test::Lab& lab) {
  std::istringstream pids(test::run({.words = {"ip", "netns", "pids", lab.host()}}).output);
  pid_t pid = 0;
  pid_t other = 0;
  if (!(pids >> pid) || pids >> other) throw std::runtime_error("egressd is not alone on its host");
  return pid;
}

Memory memory_of(pid_t pid) {
  const std::string status = proc_file(pid, "status");
  const auto mib = [&](const char* name) {
    return static_cast<double>(field(status, name)) / kKibPerMib;
  };
  return {mib("VmRSS"), mib("RssAnon"), mib("VmHWM")};
}

Activity activity_of(pid_t pid) {
  const std::string status = proc_file(pid, "status");
  return {field(status, "voluntary_ctxt_switches"), field(status, "nonvoluntary_ctxt_switches"),
          std::chrono::duration<double>(test::process_times(pid).own).count()};
}

Activity operator-(const Activity& later, const Activity& earlier) {
  return {later.voluntary - earlier.voluntary, later.involuntary - earlier.involuntary,
          later.cpu - earlier.cpu};
}

void wait_until(const std::string& what, const std::function<bool()>& holds) {
  if (!test::eventually(holds, kPatience)) throw std::runtime_error("not within 2 min: " + what);
}

}  // namespace egress::bench
