// What systemd-resolved asks for which names: systemd-resolved.service(8), "Protocols and Routing".
#pragma once

#include <string>
#include <vector>

#include "adapters/resolvconf/resolv_conf.hpp"

namespace egress::resolvconf {

// The settings of one link, or of none: those that hold for the whole host.
struct LinkResolvers {
  std::vector<policy::ResolverAddress> servers;
  std::vector<std::string> domains;  // of either kind, "." for all names; as resolved tells them
  bool is_default_route = true;      // its servers are asked for names of no domain, too
  bool operator==(const LinkResolvers&) const = default;
};

// The upstreams of resolved, split as it would split them: each domain goes to the servers of its
// links, all else to those of "." or, where there is no such domain, of the links that are a
// default route. Where no link says anything, the upstreams are as they were.
SystemResolvers split(SystemResolvers upstreams, const std::vector<LinkResolvers>& links);

}  // namespace egress::resolvconf
