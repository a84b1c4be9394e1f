#include "support/address.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace egress::test {

SocketAddress::SocketAddress(const std::string& address, std::uint16_t port) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  const std::size_t scope = address.find('%');
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    length = sizeof *v4;
  } else if (inet_pton(AF_INET6, address.substr(0, scope).c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    if (scope != std::string::npos) v6->sin6_scope_id = if_nametoindex(address.c_str() + scope + 1);
    v6->sin6_port = htons(port);
    length = sizeof *v6;
  } else {
    throw std::invalid_argument("not an address: " + address);
  }
}

void join_namespace(const std::string& netns) {
  const int descriptor = open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC);
  const bool joined = descriptor >= 0 && setns(descriptor, CLONE_NEWNET) == 0;
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  if (!joined) throw std::system_error(error, std::generic_category(), netns);
}

}  // namespace egress::test
