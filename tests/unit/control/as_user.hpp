// Being somebody else for a while, as the kernel sees it when a socket connects. Needs root.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace egress::control {

inline constexpr uid_t kNobody = 65534;

class AsUser {
 public:
  AsUser(uid_t uid, gid_t gid, const std::vector<gid_t>& groups) {
    before_.resize(static_cast<std::size_t>(getgroups(0, nullptr)));
    getgroups(static_cast<int>(before_.size()), before_.data());
    const bool is_changed =
        setgroups(groups.size(), groups.data()) == 0 && setegid(gid) == 0 && seteuid(uid) == 0;
    EXPECT_TRUE(is_changed) << "this test must run as root";
  }
  ~AsUser() {
    const bool is_back =
        seteuid(0) == 0 && setegid(0) == 0 && setgroups(before_.size(), before_.data()) == 0;
    EXPECT_TRUE(is_back);
  }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;

 private:
  std::vector<gid_t> before_;
};

}  // namespace egress::control
