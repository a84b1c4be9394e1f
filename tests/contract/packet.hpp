// A host and an internet that are namespaces of their own, for the tests of what the installed
// table does to packets.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "contract/real_kernel.hpp"
#include "support/address.hpp"
#include "support/netns.hpp"
#include "support/servers.hpp"

namespace egress::test {

using namespace std::chrono_literals;

inline constexpr const char* kNames[] = {"192.0.2.1", "2001:db8:a::1"};
inline constexpr const char* kOthers[] = {"192.0.2.2", "2001:db8:a::2"};

class Packet : public testing::Test {
 protected:
  Packet() {
    wire_.run("ip link add wire type veth peer name eth0 netns " + host_.name());
    wire_.run(
        "ip addr add 198.18.0.2/24 dev wire; ip addr add 2001:db8:f::2/64 dev wire nodad;"
        "ip link set wire up;"
        "for a in 192.0.2.1/32 192.0.2.2/32 2001:db8:a::1/128 2001:db8:a::2/128;"
        " do ip addr add $a dev lo; done;"
        "ip route add 10.9.0.0/24 via 198.18.0.1; ip route add 2001:db8:9::/64 via 2001:db8:f::1");
    host_.run(
        "ip addr add 198.18.0.1/24 dev eth0; ip addr add 2001:db8:f::1/64 dev eth0 nodad;"
        "ip link set eth0 up;"
        "ip route add default via 198.18.0.2; ip route add default via 2001:db8:f::2");
    wire_.await_link("wire");
    host_.await_link("eth0");
  }

  void install(const nft::Base& base, std::vector<nft::Change> changes) {
    const auto outcome = kernel_->commit({base, std::move(changes)});
    ASSERT_EQ(outcome.status, nft::CommitOutcome::Status::committed) << outcome.message;
  }
  static nft::Change open(const char* address, Transport transport, Port port) {
    return {
        nft::Change::Verb::add,
        nft::ElementKey::endpoint(nft::SetId::allow, {*IpAddress::parse(address), transport, port}),
        10min};
  }
  static std::vector<nft::Change> allowed() {
    return {open(kNames[0], Transport::tcp, 443), open(kNames[1], Transport::tcp, 443),
            open(kNames[0], Transport::udp, 123), open(kNames[1], Transport::udp, 123)};
  }

  NetworkNamespace wire_;  // the internet
  NetworkNamespace host_;
  TcpServer tcp_{wire_.name(), {443, 80}};
  UdpServer udp_443_{wire_.name(), 443, echo()};
  UdpServer udp_123_{wire_.name(), 123, echo()};
  std::unique_ptr<nft::Kernel> kernel_ = open_shared_kernel(host_);
};

// A container behind a bridge, and one behind a link of its own; held by name, or with all else.
class HeldContainer : public Packet, public testing::WithParamInterface<const char*> {
 protected:
  HeldContainer() {
    const bool is_bridged = std::string(GetParam()).starts_with("bridge");
    host_.run("ip link add port type veth peer name eth0 netns " + container_.name() +
              "; ip link set port up");
    if (is_bridged) {
      host_.run(
          "ip link add br-agents type bridge; ip link set br-agents up;"
          "ip link set port master br-agents");
    } else {
      host_.run("ip link set port down; ip link set port name br-agents; ip link set br-agents up");
    }
    host_.run(
        "ip addr add 10.9.0.1/24 dev br-agents; ip addr add 2001:db8:9::1/64 dev br-agents nodad;"
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
    container_.run(
        "ip addr add 10.9.0.2/24 dev eth0; ip addr add 2001:db8:9::2/64 dev eth0 nodad;"
        "ip link set eth0 up;"
        "ip route add default via 10.9.0.1; ip route add default via 2001:db8:9::1");
    container_.await_link("eth0");
    host_.await_link("br-agents");
  }

  static nft::Base held(nft::Base base = {}) {
    if (!std::string(GetParam()).ends_with("all")) {
      base.forward = {"br-*"};
      return base;
    }
    base.released = {"wg*"};
    base.uplinks = {"eth0"};
    return base;
  }

  NetworkNamespace container_;
};

// For HeldContainer as a parameter.
inline constexpr const char* kWaysToTheHost[] = {"bridge", "link", "bridge_of_all", "link_of_all"};
inline std::string name_of_way(const testing::TestParamInfo<const char*>& way) {
  return way.param;
}

}  // namespace egress::test
