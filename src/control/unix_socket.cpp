#include "control/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "egress/core/text.hpp"

namespace egress::control {
namespace {

constexpr int kBacklog = 64;
constexpr mode_t kOpenToAll = 0666;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Descriptor make_socket(int flags = SOCK_NONBLOCK) {
  return Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

bool stop_blocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

tl::unexpected<Error> failed(const std::string& what, const std::string& path, int error) {
  return fail("cannot " + what + " the control socket " + egress::quoted(path) + ": " +
              std::strerror(error));
}

// Makes room at `path`: removes a socket that nobody listens on.
Result<void> remove_stale(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return failed("look at", path, errno);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return fail(egress::quoted(path) +
                " exists and is not a socket; remove it or choose another --runtime-dir");
  }
  if (connect_to(path).error != ECONNREFUSED) {
    return fail("another egressd listens at " + egress::quoted(path) +
                "; stop it or choose another --runtime-dir");
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed("replace", path, errno);
  return {};
}

bool is_option(int fd, int option, int wanted) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

}  // namespace

Result<Descriptor> listen_at(const std::string& path) {
  const auto address = address_of(path);
  if (!address) {
    return fail("the control socket's path " + egress::quoted(path) + " must have 1 to " +
                std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
  }
  if (auto room = remove_stale(path); !room) return tl::unexpected(room.error());
  Descriptor listener = make_socket();
  if (!listener) return failed("make", path, errno);
  if (bind(listener.get(), generic(*address), sizeof *address) != 0)
    return failed("bind", path, errno);
  if (chmod(path.c_str(), kOpenToAll) != 0) return failed("open to local users", path, errno);
  if (listen(listener.get(), kBacklog) != 0) return failed("listen on", path, errno);
  return listener;
}

Result<Descriptor> adopt_listener(int fd) {
  Descriptor listener(fd);
  if (!is_option(fd, SO_DOMAIN, AF_UNIX) || !is_option(fd, SO_TYPE, SOCK_STREAM) ||
      !is_option(fd, SO_ACCEPTCONN, 1)) {
    return fail("descriptor " + std::to_string(fd) + " is not a listening Unix stream socket");
  }
  if (!stop_blocking(fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail("cannot use descriptor " + std::to_string(fd) + ": " + std::strerror(errno));
  }
  return listener;
}

Connected connect_to(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return {Descriptor(), ENAMETOOLONG};
  Descriptor client = make_socket();
  if (!client) return {Descriptor(), errno};
  if (connect(client.get(), generic(*address), sizeof *address) != 0) return {Descriptor(), errno};
  return {std::move(client), 0};
}

Connected connect_within(const std::string& path, std::chrono::milliseconds patience) {
  const auto address = address_of(path);
  if (!address) return {Descriptor(), ENAMETOOLONG};
  const auto left = std::max(patience, std::chrono::milliseconds(1));  // 0 would be for ever
  const timeval wait{.tv_sec = left.count() / 1000, .tv_usec = left.count() % 1000 * 1000};
  Descriptor client = make_socket(0);
  if (!client || setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
      connect(client.get(), generic(*address), sizeof *address) != 0 ||
      !stop_blocking(client.get()))
    return {Descriptor(), errno};
  return {std::move(client), 0};
}

}  // namespace egress::control
