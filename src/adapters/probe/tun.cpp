#include "adapters/probe/tun.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// After the libc headers, which it would redefine otherwise.
#include <linux/if_tun.h>

#include <cstring>

#include "adapters/system_error.hpp"

namespace egress::probe {

namespace {

constexpr int kPrefix6 = 127;  // RFC 6164

// Of linux/ipv6.h, which cannot stand beside netinet/in.h.
struct AddressOnLink {
  in6_addr address;
  std::uint32_t prefix_length;
  int link;
};

ifreq request_for(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

ifreq with_address(const char* name, const IpAddress& address) {
  ifreq request = request_for(name);
  auto& v4 = reinterpret_cast<sockaddr_in&>(request.ifr_addr);
  v4.sin_family = AF_INET;
  std::memcpy(&v4.sin_addr, address.octets().data(), sizeof v4.sin_addr);
  return request;
}

bool set_up4(const char* name, const LinkEnds& ends) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq here = with_address(name, ends.here4), there = with_address(name, ends.there4);
  ifreq up = request_for(name);
  up.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFADDR, &here) == 0 &&
         ::ioctl(socket.get(), SIOCSIFDSTADDR, &there) == 0 &&
         ::ioctl(socket.get(), SIOCSIFFLAGS, &up) == 0;
}

// Where it fails, the host has no IPv6 here.
void set_up6(const char* name, const LinkEnds& ends) {
  const FileDescriptor socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  AddressOnLink here{{}, kPrefix6, static_cast<int>(::if_nametoindex(name))};
  std::memcpy(&here.address, ends.here6.octets().data(), sizeof here.address);
  (void)::ioctl(socket.get(), SIOCSIFADDR, &here);
}

}  // namespace

Result<FileDescriptor> make_tun(const char* name, const LinkEnds& ends) {
  FileDescriptor tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!tun.is_open()) return fail_errno("open /dev/net/tun");
  ifreq request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(tun.get(), TUNSETIFF, &request) != 0)
    return fail_errno(std::string("make the link ") + name);
  if (!set_up4(name, ends)) return fail_errno(std::string("set up the link ") + name);
  set_up6(name, ends);
  return tun;
}

}  // namespace egress::probe
