// The whole product against the servers of scripts/lab: what scripts/run shows.
#include <gtest/gtest.h>

#include <algorithm>

#include "egress/core/limits.hpp"
#include "support/as_user.hpp"
#include "support/child_process.hpp"
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

// Datagrams to thousands of destinations, in both families.
std::vector<std::string> flood(const std::string& rounds, const std::string& pause = "0.005") {
  return {
      "setpriv",
      "--reuid=65534",
      "--clear-groups",
      "/usr/bin/python3",
      "-c",
      "import socket, time, itertools\n"
      "sockets = ((socket.socket(socket.AF_INET, socket.SOCK_DGRAM), '11.%d.%d.%d'),\n"
      "           (socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), '2001:db8:9:%x::%x:%x'))\n"
      "for i in itertools.islice(itertools.count(), " +
          rounds +
          "):\n"
          "    for s, form in sockets:\n"
          "        try: s.sendto(b'x', (form % (i // 62500 % 200, i // 250 % 250, i % 250 + 1), "
          "9))\n"
          "        except OSError: pass\n"
          "    if i % 100 == 99: time.sleep(" +
          pause + ")\n"};
}

// Whoever may send can fill the counters of what was refused; what verify probes is counted apart.
// Meanwhile he sends less than the kernel's 1,000 ICMP errors a second, which are shared by all.
TEST_F(Product, VerifyIsNotBlindedByWhoFillsTheCounters) {
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  ASSERT_EQ(verify().exit_code, 0) << verify().output;
  lab.on_host(flood(std::to_string(limits::kRefusalsRemembered + 1000)));
  ASSERT_GE(daemon.ask<control::RefusalsReply>(control::RefusalsRequest{}).refusals.size(),
            2 * limits::kRefusalsKept)
      << "positive control";
  const ChildProcess filler(
      {.words = flood("None", "0.25"), .netns = lab.host(), .output = "/dev/null"});
  const Finished proof = verify();
  EXPECT_EQ(proof.exit_code, 0) << proof.output;
}

TEST_F(Product, ASingleRefusalIsShownAfterAFloodByAnother) {
  const auto shows = [&](const std::string& address) {
    return daemon.egressctl({"status"}).output.find("\n" + address + " ") != std::string::npos;
  };
  const auto remembered = [&] {
    return daemon.ask<control::RefusalsReply>(control::RefusalsRequest{}).refusals.size();
  };
  for (int time = 0; time < 3; ++time)
    ASSERT_EQ(tcp_probe(lab.host(), "198.51.100.1", 4444), Seen::refused);
  EXPECT_TRUE(shows("198.51.100.1"));
  lab.on_host(flood(std::to_string(limits::kRefusalsRemembered + 1000)));
  EXPECT_TRUE(eventually([&] { return remembered() <= 2 * limits::kRefusalsKept; }))
      << remembered();
  lab.on_host({"setpriv", "--reuid=4321", "--clear-groups", "/usr/bin/python3", "-c",
               "import socket\n"
               "try: socket.create_connection(('198.51.100.2', 4444), 3)\n"
               "except OSError: pass\n"});
  EXPECT_TRUE(shows("198.51.100.2")) << daemon.egressctl({"status"}).output;
  const auto all = daemon.ask<control::RefusalsReply>(control::RefusalsRequest{}).refusals;
  EXPECT_TRUE(std::ranges::any_of(all, [](const auto& one) {
    return one.address == "198.51.100.1";
  })) << "nor is what came before forgotten";
}

TEST_F(Product, WhatRootsVerifyProbesIsNeitherAHitNorRefusedLately) {
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  const auto hits = [&] {
    std::uint64_t all = 0;
    for (const auto& entry : daemon.ask<control::ListReply>(control::ListRequest{}).entries)
      all += entry.hits;
    return all;
  };
  const auto refused = [&] {
    std::vector<std::string> all;
    for (const auto& one : daemon.ask<control::StatusReply>(control::StatusRequest{}).refusals)
      all.push_back(one.address + " " + one.transport + " " + std::to_string(one.port));
    return all;
  };
  const auto use = [&] { return tcp_probe(lab.host(), "162.159.140.245", 443); };
  ASSERT_EQ(use(), Seen::answered);
  ASSERT_EQ(tcp_probe(lab.host(), "198.51.100.1", 4444), Seen::refused);
  ASSERT_EQ(hits(), 1U);
  ASSERT_EQ(verify().exit_code, 0) << verify().output;
  EXPECT_EQ(hits(), 1U);
  EXPECT_EQ(refused(), std::vector<std::string>{"198.51.100.1 tcp 4444"});
  EXPECT_TRUE(eventually([&] { return use() == Seen::answered && hits() > 1; }, 20s))
      << "what is used afterwards counts again";
}

TEST_F(Product, WhatAnotherUsersVerifyProbesHidesNothing) {
  ASSERT_EQ(daemon.egressctl({"allow", "api.openai.com:443"}).exit_code, 0);
  (void)daemon.egressctl({"verify", "--ca", lab.dir() / "ca.pem"}, kNobody);
  EXPECT_GT(daemon.ask<control::ListReply>(control::ListRequest{}).entries.front().hits, 0U);
  EXPECT_EQ(daemon.ask<control::StatusReply>(control::StatusRequest{}).refusals.size(), 10U);
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
  request.endpoints.pop_back();
  for (std::size_t all = limits::kProbedOfOthers; all < limits::kProbedRemembered;
       all += limits::kProbedOfOthers) {
    for (auto& endpoint : request.endpoints)
      endpoint.address = "192.0.3." + std::to_string(all >> 8);
    EXPECT_TRUE(std::holds_alternative<control::AnnounceReply>(announced_by(0))) << all;
  }
  request.endpoints = {{"192.0.4.1", "udp", 1, 0}};
  EXPECT_TRUE(std::holds_alternative<control::Refused>(announced_by(0))) << "the set is full";
  request.endpoints = {{"nobody.example", "udp", 1, 0}};
  EXPECT_TRUE(std::holds_alternative<control::Refused>(announced_by(0)));
}

}  // namespace
}  // namespace egress::test
