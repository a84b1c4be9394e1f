#include "egressctl/doctor/accounts.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace egress::doctor {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;
constexpr std::size_t kLineBytes = 64 << 10;  // a group may list many members

File open(const std::filesystem::path& path) {
  return File(std::fopen(path.c_str(), "re"));
}

}  // namespace

Accounts Accounts::read(const std::filesystem::path& etc) {
  Accounts accounts;
  std::vector<char> line(kLineBytes);
  const File users = open(etc / "passwd");
  passwd user{};
  passwd* found_user = nullptr;
  while (users && fgetpwent_r(users.get(), &user, line.data(), line.size(), &found_user) == 0)
    accounts.users_.push_back({user.pw_name, user.pw_uid, user.pw_gid});
  const File groups = open(etc / "group");
  ::group group{};
  ::group* found_group = nullptr;
  while (groups && fgetgrent_r(groups.get(), &group, line.data(), line.size(), &found_group) == 0) {
    Group& added = accounts.groups_.emplace_back(Group{group.gr_name, group.gr_gid, {}});
    for (char** member = group.gr_mem; *member != nullptr; ++member)
      added.members.emplace_back(*member);
  }
  return accounts;
}

std::optional<User> Accounts::user(const std::string& name) const {
  const auto found = std::ranges::find(users_, name, &Account::name);
  if (found == users_.end()) return std::nullopt;
  User user{found->name, found->uid, {found->primary}};
  for (const Group& group : groups_)
    if (std::ranges::find(group.members, name) != group.members.end())
      user.groups.push_back(group.gid);
  return user;
}

std::optional<Group> Accounts::group(const std::string& name) const {
  const auto found = std::ranges::find(groups_, name, &Group::name);
  if (found == groups_.end()) return std::nullopt;
  Group group = *found;
  for (const Account& account : users_)
    if (account.primary == group.gid &&
        std::ranges::find(group.members, account.name) == group.members.end())
      group.members.push_back(account.name);
  return group;
}

std::string Accounts::user_name(uid_t uid) const {
  const auto found = std::ranges::find(users_, uid, &Account::uid);
  return found == users_.end() ? std::to_string(uid) : found->name;
}

std::string Accounts::group_name(gid_t gid) const {
  const auto found = std::ranges::find(groups_, gid, &Group::gid);
  return found == groups_.end() ? std::to_string(gid) : found->name;
}

}  // namespace egress::doctor
