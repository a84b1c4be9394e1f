// Users and groups of /etc/passwd and /etc/group alone: a directory over the network is never
// asked, which the firewall may well have closed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "egressctl/doctor/facts.hpp"

namespace egress::doctor {

class Accounts {
 public:
  // `etc`: the folder with both files. One that cannot be read has no accounts.
  static Accounts read(const std::filesystem::path& etc);

  std::optional<User> user(const std::string& name) const;
  std::optional<Group> group(const std::string& name) const;
  std::string user_name(uid_t uid) const;  // the number, if nobody has it
  std::string group_name(gid_t gid) const;

 private:
  struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t primary = 0;
  };
  std::vector<Account> users_;
  std::vector<Group> groups_;  // members as listed there, without those by primary group
};

}  // namespace egress::doctor
