#include "support/netns.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "support/child_process.hpp"

namespace egress::test {
namespace {

namespace fs = std::filesystem;

void ip(std::vector<std::string> words) {
  words.insert(words.begin(), "ip");
  const Finished finished = run({.words = words});
  if (finished.exit_code != 0) throw std::runtime_error("ip netns: " + finished.output);
}

void sweep_orphans() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/run/netns", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::sscanf(name.c_str(), "egt-%d-", &pid) != 1) continue;
    if (kill(pid, 0) == -1 && errno == ESRCH) run({.words = {"ip", "netns", "delete", name}});
  }
}

std::string next_name() {
  static int count = 0;
  if (count == 0) sweep_orphans();
  return "egt-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

}  // namespace

NetworkNamespace::NetworkNamespace() : name_(next_name()) {
  ip({"netns", "add", name_});
  ip({"-n", name_, "link", "set", "lo", "up"});
  // Addresses are usable at once, and programs may ping.
  run("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0"
      " 'net.ipv4.ping_group_range=0 0'");
}

NetworkNamespace::~NetworkNamespace() {
  egress::test::run({.words = {"ip", "netns", "delete", name_}});
}

std::string NetworkNamespace::run(const std::string& command_line) const {
  const Finished finished =
      egress::test::run({.words = {"/bin/sh", "-ec", command_line}, .netns = name_});
  if (finished.exit_code == 0) return finished.output;
  throw std::runtime_error(command_line + ": " + finished.output);
}

void NetworkNamespace::await_link(const std::string& device) const {
  const std::string is_up = "ip -brief link show dev " + device + " | grep -q ' UP '";
  run("timeout 5 sh -c \"until " + is_up + "; do sleep 0.02; done\"");
}

}  // namespace egress::test
