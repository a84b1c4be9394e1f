// A network namespace of the test program's own, with nothing but loopback. It dies with the
// program.
#pragma once

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace egress::test {

// Call before the first thread starts; throws when the program may not (it needs root).
inline void enter_private_network() {
  const auto check = [](bool ok, const char* what) {
    if (!ok) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  };
  check(unshare(CLONE_NEWNET) == 0, "unshare(CLONE_NEWNET)");
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(fd >= 0, "socket");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool is_up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  check(is_up, "SIOCSIFFLAGS lo");
}

}  // namespace egress::test
