// The whole product against the servers of scripts/lab: what scripts/run shows.
#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "support/as_user.hpp"
#include "support/lab.hpp"
#include "support/probe.hpp"

namespace egress::test {
namespace {

constexpr const char* kPolicy =
    "version: 1\nresolvers: [10.77.0.1]\nservices: { ntp: [pool.ntp.org] }\nallow: []\n";

class Product : public ::testing::Test {
 protected:
  Finished verify() { return daemon.egressctl({"verify", "--ca", lab.dir() / "ca.pem"}); }

  Lab lab{Lab::Servers::all};
  Daemon daemon{lab, kPolicy};
};

TEST_F(Product, VerifyProvesTheIsolation) {
  const Finished allow = daemon.egressctl({"allow", "api.openai.com:443"});
  ASSERT_EQ(allow.exit_code, 0) << allow.output;
  const Finished proof = verify();
  EXPECT_EQ(proof.exit_code, 0) << proof.output;
}

TEST_F(Product, VerifyFindsAHoleThatSomebodyMade) {
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  ASSERT_EQ(verify().exit_code, 0);
  lab.nft(
      "table ip other {\n chain output {\n type nat hook output priority -150\n"
      " ip daddr 140.82.112.4 dnat to 162.159.140.245\n }\n}\n");
  const Finished proof = verify();
  EXPECT_EQ(proof.exit_code, 1) << proof.output;
  EXPECT_NE(proof.output.find("github.com"), std::string::npos);
}

TEST_F(Product, VerifyOfADeadNetworkProvesNothing) {
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  ASSERT_EQ(verify().exit_code, 0);
  run({.words = {"ip", "-n", lab.net(), "link", "set", "host0", "down"}});
  const Finished proof = verify();
  EXPECT_EQ(proof.exit_code, 1) << proof.output;
}

TEST_F(Product, PresetsOpenTheirNames) {
  const char* const addresses[] = {"162.159.140.245", "160.79.104.10", "52.95.120.66",
                                   "20.61.99.68"};
  for (const char* address : addresses)
    ASSERT_EQ(tcp_probe(lab.host(), address, 443), Seen::refused) << address;
  const Finished allow =
      daemon.egressctl({"allow", "--optional", "preset:openai", "preset:anthropic",
                        "preset:bedrock@eu-west-1", "preset:azure-openai@x"});
  for (const char* address : addresses) {
    EXPECT_EQ(tcp_probe(lab.host(), address, 443), Seen::answered) << address << '\n'
                                                                   << allow.output;
  }
}

TEST_F(Product, APresetTellsItsRiskWhenItIsAllowed) {
  constexpr const char* kBedrock = "52.95.120.66";
  ASSERT_EQ(tcp_probe(lab.host(), kBedrock, 443), Seen::refused);
  const std::string risk =
      "risk: upload: with the credentials of another account, that account can log what is sent";
  const Finished dry = daemon.egressctl({"allow", "--dry-run", "preset:bedrock@eu-west-1"});
  EXPECT_NE(dry.output.find(risk), std::string::npos) << dry.output;
  EXPECT_EQ(tcp_probe(lab.host(), kBedrock, 443), Seen::refused);
  const Finished allow = daemon.egressctl({"allow", "--optional", "preset:bedrock@eu-west-1"});
  EXPECT_NE(allow.output.find(risk), std::string::npos) << allow.output;
  EXPECT_EQ(tcp_probe(lab.host(), kBedrock, 443), Seen::answered);
  const Finished json = daemon.egressctl({"list", "--json"});
  EXPECT_NE(json.output.find(R"("risk":{"kind":"upload","why":"with the credentials)"),
            std::string::npos)
      << json.output;
}

// Whoever may send can fill the counters of what was refused; what verify probes is counted apart.
TEST_F(Product, VerifyIsNotBlindedByWhoFillsTheCounters) {
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  ASSERT_EQ(verify().exit_code, 0) << verify().output;
  lab.on_host({"setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c",
               "import socket\n"
               "for family, form in ((socket.AF_INET, '11.0.%d.%d'), "
               "(socket.AF_INET6, '2001:db8:9::%x:%x')):\n"
               "    s = socket.socket(family, socket.SOCK_DGRAM)\n"
               "    for i in range(5000):\n"
               "        try: s.sendto(b'x', (form % (i // 250, i % 250 + 1), 9))\n"
               "        except OSError: pass\n"});
  const auto refusals = daemon.ask<control::RefusalsReply>(control::RefusalsRequest{}).refusals;
  ASSERT_GE(refusals.size(), 2 * limits::kRefusalsRemembered) << "there is no room left";
  const Finished proof = verify();
  EXPECT_EQ(proof.exit_code, 0) << proof.output;
}

TEST_F(Product, OthersCannotTakeRootsRoomForWhatIsProbed) {
  control::AnnounceRequest request;
  for (std::size_t i = 0; i < limits::kProbedOfOthers; ++i)
    request.endpoints.push_back({"192.0.2.1", "udp", static_cast<std::uint16_t>(i + 1), 0});
  const auto announced_by = [&](uid_t user) {
    return as_user(user, [&] { return daemon.call(request); });
  };
  EXPECT_TRUE(std::holds_alternative<control::AnnounceReply>(announced_by(kNobody)));
  EXPECT_TRUE(std::holds_alternative<control::Refused>(announced_by(kNobody))) << "one more";
  EXPECT_TRUE(std::holds_alternative<control::AnnounceReply>(announced_by(0)));
  request.endpoints.push_back({"192.0.2.2", "udp", 1, 0});
  EXPECT_TRUE(std::holds_alternative<control::Refused>(announced_by(0))) << "too much at once";
  request.endpoints = {{"nobody.example", "udp", 1, 0}};
  EXPECT_TRUE(std::holds_alternative<control::Refused>(announced_by(0)));
}

}  // namespace
}  // namespace egress::test
