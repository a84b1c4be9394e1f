#include "control/peer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "control/account_file.hpp"

namespace egress::control {
namespace {

std::string user_name(uid_t uid) {
  std::string name;
  for_each_user("/etc/passwd", [&](const passwd& user) {
    if (user.pw_uid != uid) return false;
    name = user.pw_name;
    return true;
  });
  return name;
}

Result<std::vector<gid_t>> groups_of(int socket) {
  std::vector<gid_t> groups(64);
  socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  int status = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  if (status != 0 && errno == ERANGE) {  // `size` now says how much is needed
    groups.resize(size / sizeof(gid_t));
    status = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  }
  if (status != 0)
    return fail(std::string("cannot read the peer's groups: ") + std::strerror(errno));
  groups.resize(size / sizeof(gid_t));
  return groups;
}

}  // namespace

std::string Peer::text() const {
  const std::string number = "uid " + std::to_string(uid);
  const std::string name = user_name(uid);
  return name.empty() ? number : name + " (" + number + ")";
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return fail(std::string("cannot read the peer's credentials: ") + std::strerror(errno));
  }
  auto groups = groups_of(socket);
  if (!groups) return tl::unexpected(groups.error());
  return Peer{credentials.uid, credentials.gid, credentials.pid, std::move(*groups), false};
}

bool may_change(const Peer& peer, std::optional<gid_t> group) {
  if (peer.uid == 0) return true;
  if (!group) return false;
  return peer.gid == *group ||
         std::find(peer.groups.begin(), peer.groups.end(), *group) != peer.groups.end();
}

std::optional<gid_t> group_id(const std::string& name) {
  std::optional<gid_t> id;
  for_each_group("/etc/group", [&](const group& entry) {
    if (name != entry.gr_name) return false;
    id = entry.gr_gid;
    return true;
  });
  return id;
}

}  // namespace egress::control
