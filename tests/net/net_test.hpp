// What the network tests share: a lab whose DNS the test decides, servers on the ports that matter,
// and a tap on the far side. Every test starts by showing that its probe gets through when nothing
// refuses it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/dns_server.hpp"
#include "support/lab.hpp"
#include "support/probe.hpp"
#include "support/servers.hpp"
#include "support/tap.hpp"

namespace egress::test {

// Two pools and what is never allowed, as addresses of the real internet; in the lab each of them
// answers.
inline constexpr const char* kApi4 = "162.159.140.245";
inline constexpr const char* kApi4Second = "172.66.0.243";
inline constexpr const char* kApi6 = "2606:4700:7::f5";
inline constexpr const char* kOther4 = "140.82.112.4";
inline constexpr const char* kOther6 = "2606:50c0:8000::153";
inline constexpr const char* kMetadata = "169.254.169.254";

// A policy with short times, whose names programs ask the DNS guard for, as is the default. `allow`
// is a YAML flow list's inside: "api.openai.com:443, 192.0.2.1:22".
inline std::string guarded_policy(std::string_view allow, std::string_view more = "") {
  return "version: 1\nresolvers: [10.77.0.1]\nlimits: { min_ttl: 1s, max_ttl: 1h, grace: 30s }\n" +
         std::string(more) + "\nallow: [" + std::string(allow) + "]\n";
}

// The same for tests of everything else: programs ask the pinned resolver themselves.
inline std::string policy(std::string_view allow, std::string_view more = "") {
  return guarded_policy(allow, "dns: poll\n" + std::string(more));
}

class NetTest : public ::testing::Test {
 protected:
  Seen tcp(const std::string& address, std::uint16_t port = 443) {
    return tcp_probe(lab.host(), address, port);
  }
  Seen udp(const std::string& address, std::uint16_t port) {
    return udp_probe(lab.host(), address, port);
  }
  Seen ping(const std::string& address) { return ping_probe(lab.host(), address); }

  Lab lab;
  DnsServer dns{lab.net()};
  TcpServer tcp_server{lab.net(), {22, 53, 80, 443, 444, 8443}};
  UdpServer quic_server{lab.net(), 443, echo()};
  Tap far_side{lab.net(), "host0"};
};

}  // namespace egress::test
