// Who is at the other end of a Unix socket, by the kernel's word (unix(7): SO_PEERCRED,
// SO_PEERGROUPS).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "egress/core/result.hpp"

namespace egress::control {

// As the process was when it connected. `groups` are its supplementary groups at that moment, so
// that a process which has laid down its groups has no more rights than it shows.
struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::vector<gid_t> groups;
  bool is_reader = false;    // may not change the policy, as the server found when it connected
  std::string text() const;  // "root (uid 0)", by /etc/passwd, or "uid 1234"
};

Result<Peer> peer_of(int socket);

// Members of `group` and root may change the policy. No such group: root alone.
bool may_change(const Peer& peer, std::optional<gid_t> group);

// From /etc/group alone: never asks a directory over the network, which the firewall may well have
// closed.
std::optional<gid_t> group_id(const std::string& name);

}  // namespace egress::control
