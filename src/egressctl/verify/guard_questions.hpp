// The pieces of which the questions for egressd's DNS guard are made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/probe.hpp"

namespace egress::verify {

// Where programs ask: the pinned resolvers' addresses, IPv4 first, since where a host has one
// family only it is nearly always that; never empty, since with the guard any address will do:
// where none is pinned, one outside.
std::vector<IpAddress> asked_at(const control::ProofReply& proof, const Outside& outside);

struct AllowedName {
  DnsName name;
  std::uint16_t type = probe::kTypeA;  // of which an address is open
};
// Those that have an address outside.
std::vector<AllowedName> allowed_names(const control::ProofReply& proof);

// A name that the policy does not allow; empty when it allows every one that is known here.
std::optional<DnsName> unlisted_name(const Allowed& allowed, const Outside& outside);

// For A, over UDP, at port 53, whatever port egressd itself uses there.
Probe question(KindId kind, std::string label, const IpAddress& at, const DnsName& name,
               GuardAnswer guard);
Probe with_type(Probe probe, std::uint16_t type);
Probe over(Probe probe, Transport transport);

}  // namespace egress::verify
