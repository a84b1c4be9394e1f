#include "egressctl/doctor/accounts.hpp"

#include <algorithm>

#include "control/account_file.hpp"

namespace egress::doctor {

Accounts Accounts::read(const std::filesystem::path& etc) {
  Accounts accounts;
  control::for_each_user((etc / "passwd").c_str(), [&](const passwd& user) {
    accounts.users_.push_back({user.pw_name, user.pw_uid, user.pw_gid});
    return false;
  });
  control::for_each_group((etc / "group").c_str(), [&](const ::group& group) {
    Group& added = accounts.groups_.emplace_back(Group{group.gr_name, group.gr_gid, {}});
    for (char** member = group.gr_mem; *member != nullptr; ++member)
      added.members.emplace_back(*member);
    return false;
  });
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
