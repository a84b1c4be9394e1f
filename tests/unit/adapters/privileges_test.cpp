#include "adapters/host/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>

namespace egress::host {
namespace {

constexpr auto kUser = "nobody";  // on every Debian system
constexpr auto kNetAdminOnly = "0000000000001000";
constexpr auto kNone = "0000000000000000";

// /proc/self/status as the kernel tells it.
std::map<std::string, std::string> own_status() {
  std::map<std::string, std::string> status;
  std::ifstream file("/proc/thread-self/status");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(":\t");
    if (colon != std::string::npos) status[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return status;
}

// Runs the body in a process of its own, since what it gives up never comes back.
bool holds_in_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is(const std::string& what, const std::string& seen, const std::string& expected) {
  if (seen != expected) std::cerr << what << " is " << seen << ", not " << expected << "\n";
  return seen == expected;
}

// Something to lose: a group, and a capability that programs would inherit.
bool gain() {
  const gid_t extra = 4;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (setgroups(1, &extra) != 0 || syscall(SYS_capget, &header, sets.data()) != 0) return false;
  sets[0].inheritable |= 1U << CAP_NET_RAW;
  return syscall(SYS_capset, &header, sets.data()) == 0 &&
         prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) == 0;
}

TEST(Privileges, OnlyNetAdminIsLeft) {
  ASSERT_EQ(geteuid(), 0U) << "run as root";
  const auto ids = find_user(kUser).value();
  EXPECT_TRUE(holds_in_child([&] {
    if (!gain()) return false;
    if (auto dropped = drop_privileges(kUser); !dropped)
      return is("the outcome", dropped.error().message, "success");
    auto status = own_status();
    const auto uid = std::to_string(ids.uid), gid = std::to_string(ids.gid);
    return is("Uid", status["Uid"], uid + "\t" + uid + "\t" + uid + "\t" + uid) &&
           is("Gid", status["Gid"], gid + "\t" + gid + "\t" + gid + "\t" + gid) &&
           is("groups", std::to_string(getgroups(0, nullptr)), "0") &&
           is("CapEff", status["CapEff"], kNetAdminOnly) &&
           is("CapPrm", status["CapPrm"], kNetAdminOnly) && is("CapInh", status["CapInh"], kNone) &&
           is("CapAmb", status["CapAmb"], kNone) && is("CapBnd", status["CapBnd"], kNone) &&
           is("NoNewPrivs", status["NoNewPrivs"], "1");
  }));
}

TEST(Privileges, WhatRootCouldDoIsOver) {
  EXPECT_TRUE(holds_in_child([] {
    const bool could_before = access("/root", W_OK) == 0 && open("/etc/shadow", O_RDONLY) >= 0;
    if (!could_before || !drop_privileges(kUser)) return false;
    return open("/etc/shadow", O_RDONLY) < 0 && setuid(0) != 0 && setgid(0) != 0 && seteuid(0) != 0;
  }));
}

TEST(Privileges, DroppingTwiceIsHarmless) {
  EXPECT_TRUE(holds_in_child([] {
    return drop_privileges(kUser) && drop_privileges(kUser) &&
           is("CapEff", own_status()["CapEff"], kNetAdminOnly);
  }));
}

TEST(Privileges, AnUnknownUserChangesNothing) {
  EXPECT_TRUE(holds_in_child([] {
    const auto before = own_status()["CapEff"];
    const auto dropped = drop_privileges("no-such-\x1Buser");
    return !dropped && geteuid() == 0 && own_status()["CapEff"] == before &&
           is("the message", dropped.error().message,
              "there is no user \"no-such-\\x1buser\"; systemd-sysusers creates it");
  }));
}

TEST(Privileges, WithoutNetAdminItIsAnError) {
  EXPECT_TRUE(holds_in_child([] {
    const auto ids = find_user(kUser).value();
    if (setresgid(ids.gid, ids.gid, ids.gid) != 0 || setresuid(ids.uid, ids.uid, ids.uid) != 0)
      return false;
    const auto dropped = drop_privileges(kUser);
    return !dropped && dropped.error().message.starts_with("CAP_NET_ADMIN is missing");
  }));
}

TEST(Privileges, AnotherUserIsOutOfReachAfterwards) {
  EXPECT_TRUE(holds_in_child([] {
    if (!drop_privileges(kUser)) return false;
    const auto again = drop_privileges("daemon");
    return !again && again.error().message.starts_with("cannot become the user \"daemon\"");
  }));
}

}  // namespace
}  // namespace egress::host
