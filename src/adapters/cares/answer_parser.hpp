// From a response message to an Answer. Pure; the message is hostile.
#pragma once

#include <cstdint>
#include <span>

#include "egress/dns/lookup.hpp"

namespace egress::cares {

// What the message says about the question. Starting at the name asked for, CNAME records are
// followed (at most limits::kCnameChain); only addresses owned by the name at the end of that chain
// count, in the order of the message, without duplicates, at most limits::kAddressesPerAnswer + 1
// of them (one more than is used, so that the reader can see that some are left out). The TTL is
// the least along the chain (of an absence, and of its SOA; 0 without one), and one of 2^31 or more
// is 0 (RFC 2181 section 8). So with services and texts, of which limits::kServicesPerAnswer and
// limits::kTextsPerAnswer count; texts beyond limits::kTextOctets make it malformed. RCODEs without
// a Status of their own are servfail, and so is a referral to other servers. Never unreachable or
// timeout.
dns::Answer parse_answer(const dns::Question& question, std::span<const std::uint8_t> message);

// The type that the question asks for (RFC 1035 section 3.2.2).
std::uint16_t record_type(const dns::Question& question);

}  // namespace egress::cares
