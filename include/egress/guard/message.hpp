// DNS messages as the guard reads and writes them: one question in, one answer out (RFC 1035, RFC
// 6891 EDNS, RFC 8914 extended errors). Pure; every octet that comes in is hostile.
//
// Our own code and not ldns: a query is read and a reply written for every packet at 60,000 a
// second and more, ldns takes a dozen allocations for each, and what is needed is small. Upstream
// answers are read by src/adapters/cares.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "egress/core/ip_address.hpp"
#include "egress/dns/lookup.hpp"

namespace egress::guard {

using Octets = std::vector<std::uint8_t>;

// RFC 1035 section 4.1.1 and RFC 6891 section 9.
enum class Rcode : std::uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  badvers = 16
};

// RFC 1035 section 3.2.2, RFC 3596 and RFC 2782; any other value is a type that the guard does not serve.
enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  txt = 16,
  aaaa = 28,
  srv = 33,
  svcb = 64,
  https = 65,
  any = 255
};

// RFC 8914 section 5.2.
enum class ExtendedError : std::uint16_t {
  stale_answer = 3,
  blocked = 15,
  not_ready = 14,
  no_reachable_authority = 22
};

struct Edns {
  std::uint16_t udp_size = 512;  // what the client takes, at least 512 (RFC 6891 section 6.2.3)
  std::uint8_t version = 0;
  bool wants_dnssec = false;  // DO
};

// A well-formed query: opcode QUERY, QR and TC clear, exactly one question of class IN, no name
// compression in it, nothing in the answer and authority sections, in the additional one at most an
// OPT of version 0, nothing after it.
struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  // The question as it came, in wire form and case: it is echoed (draft-vixie-dnsext-dns0x20).
  std::array<std::uint8_t, 255> name_octets{};
  std::uint8_t name_length = 0;
  std::uint16_t type = 0;
  std::optional<Edns> edns;

  std::span<const std::uint8_t> wire_name() const { return {name_octets.data(), name_length}; }
  // In lower case, without the trailing dot, octets that are not letters, digits, hyphen or
  // underscore as \DDD (RFC 1035 section 5.1); "." for the root.
  std::string name() const;
};

// What cannot be taken as a query. Empty reply: the message deserves none (a response, or too short
// to have an id).
struct Unusable {
  Octets reply;  // FORMERR, NOTIMP, BADVERS (RFC 6891 section 6.1.3), or REFUSED for another class;
                 // at most 512 octets
};
std::variant<Query, Unusable> read_query(std::span<const std::uint8_t> message);

// What an answer says. Names are texts as Query::name() gives them, or with any other escapes of
// RFC 1035 section 5.1; one that is no name, or a chain longer than limits::kCnameChain, makes the
// reply a bare SERVFAIL.
struct Reply {
  Rcode rcode = Rcode::noerror;            // BADVERS only to clients that speak EDNS
  std::span<const std::string> chain{};    // CNAME targets, from the question on
  std::span<const IpAddress> addresses{};  // of the end of the chain; of the question's family
  std::size_t first = 0;                   // the address to begin with: answers rotate
  std::uint32_t ttl = 0;                   // of all records
  // Not empty: an SOA in the authority section, for negative caching (RFC 2308).
  std::string_view zone{};
  std::optional<ExtendedError> error{};  // told to clients that speak EDNS
  std::span<const dns::Service* const> services{};  // of the end of the chain; targets are texts like those of the chain
  std::span<const dns::Text> texts{};               // likewise
  std::string_view error_text{};  // UTF-8, cut at kErrorTextOctets and where the message is full
};

// How large an answer may get over UDP, whatever the client offers (RFC 6891 section 6.2.5;
// draft-ietf-dnsop-avoid-fragmentation).
inline constexpr std::size_t kUdpOctets = 1232;
inline constexpr std::size_t kTcpOctets = 65'535;
inline constexpr std::size_t kSmallestRoom = 512;  // holds any question and the longest error text
inline constexpr std::size_t kErrorTextOctets = 160;
inline std::size_t room_over_udp(const Query& query) {
  const std::size_t offered = query.edns ? query.edns->udp_size : kSmallestRoom;
  return std::clamp(offered, kSmallestRoom, kUdpOctets);
}

// Writes the reply into `out` (cleared first; its memory is kept, so that a buffer used again costs
// no allocation). An answer that does not fit into `room`, at least kSmallestRoom, is cut at the
// question with TC set (RFC 2181 section 9). QR and RA are set, AA and AD never are, RD and CD are
// echoed; a client's OPT is answered with ours.
void write_reply(const Query& query, const Reply& reply, std::size_t room, Octets& out);

}  // namespace egress::guard
