#include <sys/stat.h>

#include <array>
#include <set>
#include <utility>

#include "egressctl/doctor/read.hpp"

namespace egress::doctor {
namespace {

// Of Docker, containerd and Podman. /var/run is a link to /run, or an older system's own folder.
constexpr std::array kEngines{"run/docker.sock", "var/run/docker.sock",
                              "run/containerd/containerd.sock", "run/podman/podman.sock"};

SocketFile describe(const std::filesystem::path& path, const struct stat& found,
                    const Accounts& accounts) {
  constexpr mode_t kPermissions = 0777;
  return {path.string(),
          accounts.user_name(found.st_uid),
          accounts.group_name(found.st_gid),
          found.st_uid,
          found.st_gid,
          found.st_mode & kPermissions};
}

}  // namespace

std::vector<SocketFile> read_sockets(const std::filesystem::path& root, const Accounts& accounts) {
  std::vector<SocketFile> sockets;
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const char* const engine : kEngines) {
    const std::filesystem::path path = root / engine;
    struct stat found {};
    if (stat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) continue;
    if (seen.emplace(found.st_dev, found.st_ino).second)
      sockets.push_back(describe(path, found, accounts));
  }
  return sockets;
}

std::optional<ControlSocket> read_control_socket(const std::filesystem::path& path,
                                                 const Accounts& accounts) {
  struct stat file {};
  struct stat folder {};
  const std::filesystem::path parent = std::filesystem::absolute(path).parent_path();
  if (stat(path.c_str(), &file) != 0 || stat(parent.c_str(), &folder) != 0) return std::nullopt;
  return ControlSocket{describe(path, file, accounts), describe(parent, folder, accounts)};
}

}  // namespace egress::doctor
