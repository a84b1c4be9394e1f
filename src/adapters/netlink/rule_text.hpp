// Rules as comparable text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/netlink/encode.hpp"

namespace egress::netlink {

// The contents of anonymous sets, by the name or the id under which a rule refers to them. The
// kernel renames and renumbers these sets, so that rules can only be compared by what is in them.
using AnonymousContents = std::map<std::string, std::vector<Octets>>;

AnonymousContents contents_of(const std::vector<AnonymousSet>& sets);

// libnftnl's text of the expressions, with anonymous sets written out. Equal texts mean equal
// rules.
std::string bytecode(nftnl_rule* rule, const AnonymousContents& contents);

}  // namespace egress::netlink
