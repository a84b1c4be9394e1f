// An agent that is there from the first moment of a boot: sends to where it may not, without end,
// on every transport and in both families. A file says how many rounds had a route to leave by.
//
//   flood FILE DESTINATION4 DESTINATION6
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

constexpr auto kPause = std::chrono::milliseconds(2);

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  int family() const { return storage.ss_family; }
};

Address address(const char* text, std::uint16_t port) {
  Address made;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    made.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    made.length = sizeof *v6;
  } else {
    std::exit(2);
  }
  return made;
}

const sockaddr* generic(const Address& to) {
  return reinterpret_cast<const sockaddr*>(&to.storage);
}

bool had_route(bool is_sent) {
  return is_sent || (errno != ENETUNREACH && errno != EADDRNOTAVAIL && errno != ENETDOWN);
}

bool try_tcp(const Address& to) {
  const int descriptor = socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK, 0);
  const bool routed = had_route(connect(descriptor, generic(to), to.length) == 0);
  close(descriptor);
  return routed;
}

bool try_datagram(const Address& to, int type, int protocol, const void* data, std::size_t size) {
  const int descriptor = socket(to.family(), type, protocol);
  const bool routed = had_route(sendto(descriptor, data, size, 0, generic(to), to.length) >= 0);
  close(descriptor);
  return routed;
}

bool try_udp(const Address& to) {
  constexpr std::array<char, 32> kData{"carried out of the host"};
  return try_datagram(to, SOCK_DGRAM, 0, kData.data(), kData.size());
}

bool try_echo(const Address& to) {
  if (to.family() == AF_INET6) {
    icmp6_hdr echo{};
    echo.icmp6_type = ICMP6_ECHO_REQUEST;
    return try_datagram(to, SOCK_RAW, IPPROTO_ICMPV6, &echo, sizeof echo);
  }
  icmphdr echo{};
  echo.type = ICMP_ECHO;
  echo.checksum = htons(0xF7FF);  // of this header, whose other octets are zero
  return try_datagram(to, SOCK_RAW, IPPROTO_ICMP, &echo, sizeof echo);
}

bool try_everything(const char* to) {
  const bool tcp = try_tcp(address(to, 443));
  const bool udp = try_udp(address(to, 443));
  const bool dns = try_udp(address(to, 53));
  const bool echo = try_echo(address(to, 0));
  return tcp && udp && dns && echo;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int file = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  for (unsigned long rounds = 0;;) {
    const bool v4 = try_everything(argv[2]);
    const bool v6 = try_everything(argv[3]);
    if (v4 && v6) ++rounds;
    const std::string text = std::to_string(rounds) + "\n";
    if (pwrite(file, text.data(), text.size(), 0) < 0) return 1;
    std::this_thread::sleep_for(kPause);
  }
}
