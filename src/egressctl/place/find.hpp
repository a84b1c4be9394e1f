// From the words of the command line to a place.
#pragma once

#include <filesystem>
#include <string>

#include "egressctl/place/place.hpp"

namespace egress::place {

struct Words {
  std::string user = {};       // a name or a number
  std::string netns = {};      // a file, or the name of one in /run/netns
  std::string container = {};  // a name or (the beginning of) an id, of Docker or Podman
  std::string unit = {};       // of systemd, or the path of a cgroup: "/system.slice/agent.service"
};

// An error names the word and what may be wrong with it. Who is not root may name himself alone.
Result<Place> find_place(const Words& words);

// Its parts, with the root of the file system they look at.
Result<Account> find_account(const std::string& name);
// The process that `id` runs as, by the names of the cgroups in /proc.
Result<pid_t> find_container_process(const std::string& id, const std::filesystem::path& proc);
// The mount point of cgroup v2, by /proc/self/mountinfo.
Result<std::string> find_cgroup_root(const std::filesystem::path& mountinfo);
// The addresses of the nameserver lines.
std::vector<std::string> read_nameservers(const std::filesystem::path& resolv_conf);

}  // namespace egress::place
