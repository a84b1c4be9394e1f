// A thousand names in the zones of one.example, two.example and target.example, and what their
// zones hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/dns_message.hpp"

namespace egress::test::conformance {

// The policy names all below this one with a wildcard, and each below the other.
inline constexpr const char* kWildcardZone = "one.example";
inline constexpr const char* kListedZone = "two.example";
inline constexpr const char* kTargetZone = "target.example";  // where aliases lead; not allowed
// Served by other servers of the lab: none of its questions is answered, and each late.
inline constexpr const char* kLameZone = "lame.example";
inline constexpr const char* kSlowZone = "slow.example";

inline constexpr std::uint32_t kNegativeTtl = 300;  // the SOA's, and its last field

struct Name {
  std::string text;  // in lower case
  std::string kind;
  unsigned rcode = kNoError;
  std::size_t v4 = 0, v6 = 0;   // addresses at the end of its chain
  std::size_t chain = 0;        // CNAME records, synthesized ones included
  std::uint32_t least_ttl = 0;  // along the chain, and of the addresses

  std::size_t addresses(std::uint16_t type) const { return type == kTypeA ? v4 : v6; }
  // For how long an answer counts: without addresses as the SOA says, if not the chain ends before.
  std::uint32_t ttl(std::uint16_t type) const;
};

struct Corpus {
  std::map<std::string, std::string> zones;  // a name, and the file of its records
  std::vector<Name> names;
};

Corpus make_corpus();

// An address that DNS may not open, of those that the corpus holds.
bool points_inside(std::string_view address);

// Of ASCII letters, as names compare (RFC 1035 section 2.3.3).
std::string lower(std::string text);

}  // namespace egress::test::conformance
