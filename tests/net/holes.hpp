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
    policy,    // a line of YAML for `allow:`
    daemon,    // a line of shell before it starts
  } at = At::host;
  std::string how;
  // The kinds that fail with it: since they make the same packets, or since the hole shows in the
  // table.
  std::vector<verify::KindId> also = {"true.table"};
  std::string_view dns = "guard";
};

const std::vector<Hole>& holes();

}  // namespace egress::test
