// Just enough of RFC 1035, RFC 6891 (EDNS) and RFC 8914 (extended errors) to ask one question and
// to tell what came back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/probe/observation.hpp"
#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::probe {

// RFC 1035 section 3.2.2, RFC 3596, RFC 9460.
inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypeTxt = 16;
inline constexpr std::uint16_t kTypeAaaa = 28;
inline constexpr std::uint16_t kTypeHttps = 65;
std::uint16_t address_type(Family family);
std::string type_text(std::uint16_t type);  // "A", "TYPE999"

struct Question {
  DnsName name;
  std::uint16_t type = kTypeA;
  bool has_edns = false;  // with an OPT record, without which no extended error comes back
};

struct Query {
  std::uint16_t id = 0;
  Question question;
};

struct Response {
  int rcode = 0;
  bool is_truncated = false;
  std::vector<IpAddress> addresses;  // of every record of the type asked for in the answer section
  // In all sections, but for what carries nothing from outside: the SOA of a negative answer
  // (RFC 2308) and OPT.
  std::size_t records = 0;
  std::optional<ExtendedError> error;  // the first one
};

std::vector<std::uint8_t> encode(const Query& query);

// Empty unless the message is a well-formed response to exactly this query (id, opcode, question).
std::optional<Response> decode(std::span<const std::uint8_t> message, const Query& query);

// "NOERROR", "NXDOMAIN", "RCODE 11".
std::string rcode_text(int rcode);

}  // namespace egress::probe
