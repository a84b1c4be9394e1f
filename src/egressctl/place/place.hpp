// Where probes are made when not as this process stands: as another user, in another network
// namespace, in another cgroup.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "egress/core/result.hpp"

namespace egress::place {

struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary ones
};

struct Place {
  std::optional<Account> user;
  std::string netns;                   // a file that names it; empty: ours
  std::string cgroup;                  // a folder of cgroup v2; empty: ours
  std::vector<std::string> resolvers;  // whom programs there ask; empty: as here
  std::string text;                    // "as coder in container 3f2a"; empty: here

  bool is_here() const { return !user && netns.empty() && cgroup.empty(); }
};

// Moves the calling process, for good: the cgroup first, the rights last. An account also loses
// every capability, whatever its number. After an error the process stands somewhere between: end
// it.
Result<void> enter(const Place& place);

// The cgroup that enter() makes below Place::cgroup for this process, since a cgroup with members
// of its own may have to stay as it is.
std::string leaf_of(const std::string& cgroup, pid_t process);

}  // namespace egress::place
