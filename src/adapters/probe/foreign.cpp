#include "adapters/probe/foreign.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "adapters/probe/payloads.hpp"

namespace egress::probe {

namespace {

constexpr int kIpv6Freebind = 78;                   // linux/in6.h
constexpr std::chrono::milliseconds kArrival{100};  // within one host, or none

bool allow_foreign_source(const Socket& socket, Family family) {
  const int on = 1;  // and several probes speak in the same name
  (void)::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return family == Family::ipv4
             ? ::setsockopt(socket.fd(), SOL_IP, IP_FREEBIND, &on, sizeof on) == 0
             : ::setsockopt(socket.fd(), SOL_IPV6, kIpv6Freebind, &on, sizeof on) == 0;
}

// 0 or the errno.
int send_bound(const End& from, const End& to) {
  const Family family = to.address.family();
  const Socket socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (!socket || !allow_foreign_source(socket, family) || !bind_to(socket, from)) return errno;
  if (const int error = connect(socket, to.address, to.port); error != 0) return error;
  return send(socket, plain_text());
}

int send_raw(const End& from, const End& to) {
  const Socket raw(to.address.family(), SOCK_RAW, IPPROTO_RAW);  // with it goes the header
  if (!raw) return errno;
  if (const int error = connect(raw, to.address, 0); error != 0) return error;
  return send(raw, udp_packet(from, to, plain_text()));
}

// Without the right to make the socket nothing was tried; what is said of a packet that was made is
// the packet filter's word, or the kernel's that it makes none with such a source.
Observation failure(Disguise disguise, int error) {
  const bool is_no_packet =
      error == EINVAL || error == ENETUNREACH || error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
  if (is_no_packet) return no_route();
  const Socket raw(Family::ipv4, SOCK_RAW, IPPROTO_RAW);
  const bool lacks_right = disguise == Disguise::raw && !raw && errno == EPERM;
  if (lacks_right || error == EMFILE || error == ENFILE) return impossible(error);
  Observation seen;
  seen.outcome = Outcome::refused;
  seen.error = error;
  return seen;
}

}  // namespace

Observation send_in_disguise(Disguise disguise, const End& from, const End& to,
                             const Deadline& deadline) {
  const Socket receiver(to.address.family(), SOCK_DGRAM, IPPROTO_UDP);
  End target = to;
  if (to.port == 0) {
    if (!receiver) return errno == EAFNOSUPPORT ? no_route() : impossible(errno);
    if (!bind_to(receiver, to)) return errno == EADDRNOTAVAIL ? no_route() : impossible(errno);
    target = *own_end(receiver);
  }
  const int error = disguise == Disguise::raw ? send_raw(from, target) : send_bound(from, target);
  if (error != 0) return failure(disguise, error);
  Observation seen;
  const bool arrived = to.port == 0 && wait(receiver, POLLIN, deadline.within(kArrival)) != 0;
  seen.outcome = arrived ? Outcome::reached : Outcome::timeout;
  seen.elapsed = deadline.elapsed();
  return seen;
}

}  // namespace egress::probe
