// Socket addresses from numeric text, and work inside a network namespace.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <future>
#include <string>
#include <type_traits>

namespace egress::test {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  // "192.0.2.1", "2001:db8::1", or "fe80::1%eth0" of a link of this namespace; throws on anything
  // else.
  SocketAddress(const std::string& address, std::uint16_t port);
  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Moves the calling thread into a named network namespace, for good.
void join_namespace(const std::string& netns);

// Runs `work` in a thread of its own inside the namespace and gives back what it returns or throws.
template <class Work>
std::invoke_result_t<Work> in_namespace(const std::string& netns, Work work) {
  return std::async(std::launch::async,
                    [&] {
                      join_namespace(netns);
                      return work();
                    })
      .get();
}

}  // namespace egress::test
