// One question, asked of the guard and of the reference, and how their replies differ.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "net/conformance/corpus.hpp"
#include "support/dns_client.hpp"

namespace egress::test::conformance {

struct Exchange {
  const Name* name = nullptr;
  DnsQuestion question;
  Over over = Over::udp;
  DnsMessage guard, reference;
  // Since nobody had asked anything: no cache has counted down for longer.
  std::chrono::seconds age{0};
};
std::ostream& operator<<(std::ostream& out, const Exchange& exchange);

enum class Aspect : std::uint8_t {
  rcode,
  flags,       // all but TC
  truncation,  // TC
  question,    // as it came, its case included
  answers,     // the records of the answer section as a set, letter case apart
  letter_case,
  ttl,             // of the same record, more than time explains
  lifetime,        // a TTL that the zone does not explain
  authorities,     // the owners and types of its records
  authority_data,  // and what they say
  additionals,
  edns,  // whether there is an OPT record, the size offered and DO
  extended_error,
};
std::string_view text(Aspect aspect);

// Of the flags' word those that are aspects of their own.
inline constexpr unsigned kTcAndRcode = 0x020f;
// No TTL of the guard's is above this, whatever the zone says (`max_ttl`).
inline constexpr std::uint32_t kHighestTtl = 3600;

// In what the guard's reply is not the reference's, or not the zone's.
std::vector<Aspect> differences(const Exchange& exchange);

// The records of one answer section that the other does not have, letter case apart.
std::vector<DnsRecord> records_beyond(const DnsMessage& reply, const DnsMessage& other);

}  // namespace egress::test::conformance
