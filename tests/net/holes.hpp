// For each kind of probe a hole, opened by hand, that it must find.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "egressctl/verify/catalogue.hpp"

namespace egress::test {

struct Hole {
  verify::KindId kind;
  enum class At {
    host,      // nft commands for the host's own table
    far_side,  // and for the other end of its link
    proxy,     // the far side's nat: to a SOCKS proxy that stands there at port 1080
    policy,    // a line of YAML for `allow:`
    daemon,    // a line of shell before it starts
    shell,     // a line of shell on the host, and one that undoes it
  } at = At::host;
  std::string how;
  // The kinds that fail with it: since they make the same packets, or since the hole shows in the
  // table.
  std::vector<verify::KindId> also = {"true.table"};
  std::string_view dns = "guard";
  std::string undo{};
};

const std::vector<Hole>& holes();

}  // namespace egress::test
