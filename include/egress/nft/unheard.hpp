// Held links whose questions another firewall of this host keeps from the guard, and the command that lets them through.
#pragma once

#include <string>
#include <vector>

#include "egress/core/ip_address.hpp"
#include "egress/core/time.hpp"
#include "egress/nft/others.hpp"

namespace egress::nft {

// A link of `asked` or `heard`.
struct LinkNoted {
  std::string link;
  milliseconds ends{0};  // when it is forgotten, since the reading began
};
// Whose last question was not heard. `asked` has been read before `heard`, so that a question on its way is no lost one.
std::vector<std::string> unheard_links(const std::vector<LinkNoted>& asked, const std::vector<LinkNoted>& heard);

// Who may drop questions of the link to the guard at this port, and the command by which the administrator admits them;
// empty where a name has characters that a shell or nft(8) would take for more than a name.
struct Obstacle {
  std::string by;  // "ufw", "table inet filter"
  std::string command;
  bool operator==(const Obstacle&) const = default;
};
// One at least: if no table of nftables drops anything there, it is what nftables does not show.
std::vector<Obstacle> obstacles(const std::vector<OtherTable>& tables, const std::string& link, Port port);

}  // namespace egress::nft
