// Just enough of RFC 1035 to ask one question and to read the addresses of the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::probe {

struct Query {
  std::uint16_t id = 0;
  DnsName name;
  Family family = Family::ipv4;  // A or AAAA
};

struct Response {
  int rcode = 0;                     // RFC 1035 section 4.1.1
  std::vector<IpAddress> addresses;  // of every A or AAAA record in the answer section
};

std::vector<std::uint8_t> encode(const Query& query);

// Empty unless the message is a well-formed response to exactly this query (id, opcode, question).
std::optional<Response> decode(std::span<const std::uint8_t> message, const Query& query);

// "NOERROR", "NXDOMAIN", "RCODE 11".
std::string rcode_text(int rcode);

}  // namespace egress::probe
