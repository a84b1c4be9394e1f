// A machine in which an agent tries to get out from the first moment of the boot, and the far side
// of its only link.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "boot/machine.hpp"
#include "support/lab.hpp"
#include "support/probe.hpp"
#include "support/servers.hpp"
#include "support/tap.hpp"

namespace egress::test {

// What the agent floods.
inline constexpr const char* kFlooded4 = "198.51.100.9";
inline constexpr const char* kFlooded6 = "2001:db8:9::9";
// What the policy of these machines allows.
inline constexpr const char* kApi4 = "162.159.140.245";
inline constexpr const char* kApi6 = "2606:4700:7::f5";
inline constexpr const char* kLiteral = "203.0.114.7";
inline constexpr const char* kOther4 = "140.82.112.4";
inline constexpr const char* kMachineResolver = "10.78.0.1";

class Flooded : public ::testing::Test {
 protected:
  Flooded();

  // host0 comes up, with addresses and routes, once this unit is through.
  void add_link(const std::string& after = "network-pre.target") const;
  Machine& boot(std::vector<std::string> nspawn_options = {}, bool has_product = true);

  // Until the link carries and the agent has tried again often since.
  void await_attempts();
  // That nothing came out but what the base and the policy permit.
  void expect_nothing_left() { expect_nothing_left(far_side); }
  static void expect_nothing_left(Tap& tap);
  Seen tcp(const std::string& address) const;
  // Answered as soon as the link carries.
  bool reaches(const std::string& address) const;
  // The kinds of packets of the flood that came out: family, protocol, port.
  using Kinds = std::set<std::tuple<int, int, int>>;
  Kinds flood_seen() { return flood_seen(far_side); }
  static Kinds flood_seen(Tap& tap);
  static const Kinds kWholeFlood;

  Lab lab;
  TcpServer tcp_server{lab.net(), {443}};
  Tap far_side{lab.net(), ""};
  MachineFiles files;
  std::unique_ptr<Machine> machine;

 private:
  unsigned long rounds() const;
};

}  // namespace egress::test
