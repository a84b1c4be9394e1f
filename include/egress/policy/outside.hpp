// The hosts outside the policy that `egressctl verify` tries to reach, as a file names them. Pure.
#pragma once

#include <string>
#include <vector>

#include "egress/policy/load.hpp"

namespace egress::policy {

struct OutsideHost {
  DnsName name;
  // At least one. They need not be the host's for ever: each only has to lie outside the policy.
  std::vector<IpAddress> addresses;
};

// What a file leaves out stays as it is built in.
struct Outside {
  std::string file;                   // empty: built in
  std::vector<OutsideHost> hosts;     // at least two, each with an IPv4 and an IPv6 address
  std::vector<IpAddress> resolvers;   // DNS servers that answer everybody; of both families
  std::vector<OutsideHost> doh;       // hosts that serve DNS over HTTPS
  std::vector<DnsName> inside_names;  // public names whose addresses lie inside a network
};

// Lists of the document take the place of those of `built_in`, and none of their hosts stands in
// one that stays.
tl::expected<Outside, Problems> parse_outside(const Node& document, Outside built_in);

}  // namespace egress::policy
