#include "adapters/cares/source_ports.hpp"

#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace egress::cares {
namespace {

// The unspecified address of the socket's family, and this port; 0: the kernel chooses.
std::optional<Port> bind_to(int socket, Port port) {
  sockaddr_storage at{};
  int family = AF_INET;
  socklen_t length = sizeof family;
  if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0) return std::nullopt;
  at.ss_family = static_cast<sa_family_t>(family);
  // The port stands at the same place in both families.
  auto& in = reinterpret_cast<sockaddr_in&>(at);
  in.sin_port = htons(port);
  length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&at), length) != 0) return std::nullopt;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&at), &length) != 0) return std::nullopt;
  return ntohs(in.sin_port);
}

std::optional<std::size_t> any_below(std::size_t count) {
  std::uint32_t number = 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) return std::nullopt;
  return number % count;
}

}  // namespace

void SourcePorts::bind(int socket) {
  if (uses_++ % kUses == 0) ports_.clear();
  if (ports_.size() == kPorts) {
    if (const auto chosen = any_below(kPorts)) (void)bind_to(socket, ports_[*chosen]);
  } else if (const auto port = bind_to(socket, 0)) {
    ports_.push_back(*port);
  }
}

}  // namespace egress::cares
