#include "egressctl/place/place.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "adapters/file_descriptor.hpp"
#include "adapters/system_error.hpp"

namespace egress::place {

namespace {

Result<void> enter_cgroup(const std::string& cgroup) {
  const std::string leaf = leaf_of(cgroup, ::getpid());
  if (::mkdir(leaf.c_str(), 0755) != 0) return fail_errno("make the cgroup " + leaf);
  const FileDescriptor members(::open((leaf + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!members.is_open() || ::write(members.get(), "0", 1) != 1)
    return fail_errno("enter the cgroup " + leaf);
  return {};
}

Result<void> enter_netns(const std::string& path) {
  const FileDescriptor netns(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns.is_open() || ::setns(netns.get(), CLONE_NEWNET) != 0)
    return fail_errno("enter the network namespace " + path);
  return {};
}

Result<void> drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::syscall(SYS_capset, &header, none.data()) != 0) return fail_errno("drop capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS");
  return {};
}

Result<void> become(const Account& user) {
  const bool is_root = ::geteuid() == 0;
  if (is_root && ::setgroups(user.groups.size(), user.groups.data()) != 0)
    return fail_errno("take the groups of " + user.name);
  if (::setresgid(user.gid, user.gid, user.gid) != 0 ||
      ::setresuid(user.uid, user.uid, user.uid) != 0)
    return fail_errno("become " + user.name);
  return drop_capabilities();
}

}  // namespace

std::string leaf_of(const std::string& cgroup, pid_t process) {
  return cgroup + "/egressctl-verify-" + std::to_string(process);
}

Result<void> enter(const Place& place) {
  if (!place.cgroup.empty()) {
    if (auto entered = enter_cgroup(place.cgroup); !entered) return entered;
  }
  if (!place.netns.empty()) {
    if (auto entered = enter_netns(place.netns); !entered) return entered;
  }
  return place.user ? become(*place.user) : Result<void>();
}

}  // namespace egress::place
