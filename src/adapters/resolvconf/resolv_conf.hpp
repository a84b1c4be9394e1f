// The resolvers of the system: resolv.conf(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "egress/policy/policy.hpp"

namespace egress::resolvconf {

struct SystemResolvers {
  std::vector<policy::ResolverAddress> resolvers;  // at most limits::kResolvers, without duplicates
  std::string source;                              // the file they come from
  std::string problem;  // for the operator: what was wrong or left out; empty: nothing
  std::vector<policy::ZoneResolvers> zones{};  // that have resolvers of their own
  bool operator==(const SystemResolvers&) const = default;
};

// The files to look at. Tests use their own.
struct Paths {
  std::string resolv_conf = "/etc/resolv.conf";
  // Where systemd-resolved keeps its upstreams while resolv_conf names only its stub on loopback.
  std::string upstreams = "/run/systemd/resolve/resolv.conf";
};

// The `nameserver` lines of a file; `source` is left empty. Lines that name no usable address (a
// link-local one without its link included) are left out and told as the problem.
SystemResolvers parse_resolv_conf(std::string_view text);

// The resolvers to use now: those of resolv_conf or, when all of those are on loopback, the
// upstreams. Loopback resolvers remain when there is nothing else, with a problem. Reads files,
// never fails: an unreadable file gives no resolver and a problem.
SystemResolvers read_system_resolvers(const Paths& paths);

}  // namespace egress::resolvconf
