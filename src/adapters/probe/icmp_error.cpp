#include "adapters/probe/icmp_error.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <cerrno>

namespace egress::probe {

namespace {

constexpr std::chrono::milliseconds kPassage{100};  // within one host

// With as much of the datagram as an error must quote and egressd lets pass. The kernel fills in
// the checksum of ICMPv6.
Octets error_about(const End& from, const End& to) {
  const bool is_v4 = from.address.is_v4();
  Octets message{is_v4 ? std::uint8_t{ICMP_DEST_UNREACH} : std::uint8_t{ICMP6_DST_UNREACH},
                 is_v4 ? std::uint8_t{ICMP_HOST_UNREACH} : std::uint8_t{ICMP6_DST_UNREACH_ADDR},
                 0,
                 0,
                 0,
                 0,
                 0,
                 0};
  const Octets datagram = udp_packet(from, to, {});
  message.insert(message.end(), datagram.begin(), datagram.end());
  if (is_v4) put_checksum(message, 2);
  return message;
}

}  // namespace

Observation send_error(const End& from, const End& to, const Deadline& deadline) {
  if (!has_route(from.address)) return no_route();
  const bool is_v4 = from.address.is_v4();
  const int protocol = is_v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  const Socket raw(from.address.family(), SOCK_RAW, protocol);
  if (!raw) return impossible(errno);
  int error = connect(raw, from.address, 0);
  if (error == 0) error = send(raw, error_about(from, to));
  Observation seen;
  seen.outcome = error == 0 ? Outcome::timeout : Outcome::refused;
  seen.error = error;
  if (error == 0) (void)wait(raw, 0, deadline.within(kPassage));
  seen.elapsed = deadline.elapsed();
  return seen;
}

}  // namespace egress::probe
