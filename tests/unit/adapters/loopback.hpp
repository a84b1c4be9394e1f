// More addresses on the loopback of the network that the test program is in.
#pragma once

#include <stdexcept>
#include <string>

#include "support/child_process.hpp"

namespace egress::test {

// Returns when the address can be reached: the kernel adds the route of an IPv6 one a moment after
// the address itself.
inline void add_to_loopback(const std::string& address) {
  const bool is_v4 = address.find(':') == std::string::npos;
  const std::string commands = "ip address add " + address + (is_v4 ? "/32" : "/128") +
                               " dev lo; timeout 5 sh -c 'until ip " + (is_v4 ? "-4" : "-6") +
                               " route show table local | grep -qF " + address +
                               "; do sleep 0.01; done'";
  const Finished finished = run({.words = {"sh", "-ec", commands}});
  if (finished.exit_code != 0) throw std::runtime_error(commands + ": " + finished.output);
}

}  // namespace egress::test
