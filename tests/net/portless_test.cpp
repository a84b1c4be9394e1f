// Entries of protocols without ports, as a person writes them: `esp/vpn.example.com`.
#include <netinet/in.h>

#include <cerrno>

#include "net/net_test.hpp"
#include "support/container.hpp"
#include "support/raw_socket.hpp"

namespace egress::test {
namespace {

class WithoutPorts : public NetTest {
 protected:
  WithoutPorts() { dns.set("vpn.example.com", {.addresses = {kApi4, kApi6}}); }

  static ProtocolPacket esp_to(const std::string& address) {
    return {IPPROTO_ESP, address, std::vector<std::uint8_t>(28, 0xee)};
  }
  static ProtocolPacket gre_to(const std::string& address) {
    return {IPPROTO_GRE, address, {0x20, 0, 0x08, 0, 'e', 'g', 'r', 'd'}};
  }
  int send(const ProtocolPacket& packet) { return send_protocol(lab.host(), packet); }
  std::size_t seen(int protocol, const std::string& at) {
    std::size_t count = 0;
    for (const SeenPacket& packet : far_side.seen())
      if (packet.protocol == protocol && packet.destination == at) ++count;
    return count;
  }
  // Whether a container's packet comes out, to which it is told nothing.
  bool leaves(const Container& container, const ProtocolPacket& packet) {
    const std::size_t before = seen(packet.protocol, packet.to);
    EXPECT_EQ(send_protocol(container.netns(), packet), 0);
    return eventually([&] { return seen(packet.protocol, packet.to) > before; },
                      std::chrono::milliseconds(300));
  }
};

TEST_F(WithoutPorts, ANameOpensTheProtocolInBothFamiliesAndNothingElse) {
  for (const char* address : {kApi4, kApi6}) {
    ASSERT_EQ(send(esp_to(address)), 0);
    ASSERT_EQ(seen(IPPROTO_ESP, address), 1U);
    ASSERT_EQ(ping(address), Seen::answered);
  }
  const Daemon daemon(lab, policy(""));
  for (const char* address : {kApi4, kApi6}) {
    ASSERT_EQ(send(esp_to(address)), EPERM);
    ASSERT_EQ(ping(address), Seen::refused);
  }
  const Finished allow = daemon.egressctl({"allow", "esp/vpn.example.com", "icmp/vpn.example.com"});
  ASSERT_EQ(allow.exit_code, 0) << allow.output;
  EXPECT_NE(allow.output.find("a tunnel: whatever its other end forwards"), std::string::npos);
  EXPECT_NE(allow.output.find("echo requests carry any data"), std::string::npos);
  for (const char* address : {kApi4, kApi6}) {
    const std::string at = address;
    EXPECT_EQ(send(esp_to(at)), 0) << at;
    EXPECT_EQ(seen(IPPROTO_ESP, at), 2U) << at;
    EXPECT_EQ(ping(at), Seen::answered) << at;
    EXPECT_EQ(send(gre_to(at)), EPERM) << at;
    EXPECT_EQ(send(icmp_packet(at, at == kApi4 ? 13 : 137)), EPERM) << at;
    EXPECT_EQ(tcp(at), Seen::refused) << at;
    EXPECT_EQ(udp(at, 443), Seen::refused) << at;
  }
  for (const char* address : {kOther4, kOther6}) {
    EXPECT_EQ(send(esp_to(address)), EPERM) << address;
    EXPECT_EQ(ping(address), Seen::refused) << address;
  }
}

TEST_F(WithoutPorts, WhatIsDeniedIsCut) {
  const Daemon daemon(lab, policy(""));
  ASSERT_EQ(daemon.egressctl({"allow", "esp/vpn.example.com", "icmp/192.0.2.0/24"}).exit_code, 0);
  ASSERT_EQ(send(esp_to(kApi4)), 0);
  ASSERT_EQ(send(esp_to(kApi4)), 0) << "established";
  ASSERT_EQ(ping("192.0.2.7"), Seen::answered);
  const Finished deny = daemon.egressctl({"deny", "esp/vpn.example.com", "icmp/192.0.2.0/24"});
  ASSERT_EQ(deny.exit_code, 0) << deny.output;
  EXPECT_TRUE(eventually([&] { return send(esp_to(kApi4)) == EPERM; }));
  EXPECT_EQ(send(esp_to(kApi4)), EPERM);
  EXPECT_EQ(ping("192.0.2.7"), Seen::refused);
}

TEST_F(WithoutPorts, TheKernelEndsWhatIsTimeBoxed) {
  Daemon daemon(lab, policy(""));
  ASSERT_EQ(daemon.egressctl({"allow", "esp/vpn.example.com", "--for", "2s"}).exit_code, 0);
  ASSERT_EQ(send(esp_to(kApi6)), 0);
  daemon.crash();
  EXPECT_TRUE(eventually([&] { return send(esp_to(kApi4)) == EPERM; }));
}

TEST_F(WithoutPorts, LiteralsAndPrefixesAlike) {
  const Daemon daemon(lab, policy("gre/162.159.140.0/24, \"icmp/[2606:50c0:8000::/48]\", "
                                  "{ host: 172.66.0.243, transport: ipip }"));
  EXPECT_EQ(send(gre_to(kApi4)), 0);
  EXPECT_EQ(send(gre_to(kApi4Second)), EPERM);
  EXPECT_EQ(send({IPPROTO_IPIP, kApi4Second, std::vector<std::uint8_t>(28, 0xee)}), 0);
  EXPECT_EQ(send(esp_to(kApi4)), EPERM);
  EXPECT_EQ(ping(kOther6), Seen::answered);
  EXPECT_EQ(ping(kApi6), Seen::refused);
  EXPECT_EQ(ping(kApi4), Seen::refused);
}

TEST_F(WithoutPorts, AContainerIsHeldToTheSameList) {
  const Container container(lab);
  ASSERT_TRUE(eventually([&] { return ping_probe(container.netns(), kOther4) == Seen::answered; }));
  ASSERT_TRUE(leaves(container, esp_to(kOther4)));
  const Daemon daemon(lab, policy("esp/vpn.example.com, icmp/vpn.example.com"));
  EXPECT_TRUE(eventually([&] { return leaves(container, esp_to(kApi4)); }));
  EXPECT_TRUE(eventually([&] { return leaves(container, esp_to(kApi6)); }));
  EXPECT_EQ(ping_probe(container.netns(), kApi6), Seen::answered);
  EXPECT_FALSE(leaves(container, gre_to(kApi4)));
  EXPECT_FALSE(leaves(container, esp_to(kOther4)));
  EXPECT_NE(ping_probe(container.netns(), kOther6), Seen::answered);
}

TEST_F(WithoutPorts, IsToldAsItIsWritten) {
  const Daemon daemon(lab, policy("esp/vpn.example.com, icmp/192.0.2.7"));
  const auto says = [&](std::vector<std::string> words, std::string_view text) {
    return daemon.egressctl(std::move(words)).output.find(text) != std::string::npos;
  };
  EXPECT_TRUE(eventually([&] {
    return says({"why", "esp/vpn.example.com"}, "esp/vpn.example.com is allowed");
  }));
  EXPECT_TRUE(says({"why", "vpn.example.com/esp"}, "esp/vpn.example.com is allowed"));
  EXPECT_TRUE(says({"why", "icmp/192.0.2.7"}, "icmp/192.0.2.7 is allowed"));
  EXPECT_TRUE(says({"why", "192.0.2.7"}, "192.0.2.7 is open for icmp"));
  EXPECT_TRUE(says({"why", "gre/vpn.example.com"}, "gre/vpn.example.com is refused"));
  EXPECT_TRUE(says({"list"}, "esp/vpn.example.com"));
  EXPECT_TRUE(says({"list", "--json"}, "\"target\":\"icmp/192.0.2.7\""))
      << daemon.egressctl({"list", "--json"}).output;
  EXPECT_TRUE(says({"status"}, "allowed tunnels"));
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0) << daemon.egressctl({"diff"}).output;
}

}  // namespace
}  // namespace egress::test
