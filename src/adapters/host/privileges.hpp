// Giving up what the daemon does not need.
#pragma once

#include <string>

#include "egress/core/result.hpp"

namespace egress::host {

// Becomes this system user for good: its uid and primary group, no supplementary groups,
// CAP_NET_ADMIN as the only effective and permitted capability, none inheritable or ambient, an
// empty bounding set, and no_new_privs, so that no program started later gains anything. A process
// that systemd already started as that user keeps the bounding set of its unit, which only
// CAP_SETPCAP could shrink; no_new_privs makes it moot. Call once, before the first thread starts.
// After an error the process may have lost a part of its privileges already: end it.
Result<void> drop_privileges(const std::string& user);

// The uid and primary gid of a user, for the ownership of directories made before the drop.
struct UserIds {
  unsigned uid = 0;
  unsigned gid = 0;
};
Result<UserIds> find_user(const std::string& user);

}  // namespace egress::host
