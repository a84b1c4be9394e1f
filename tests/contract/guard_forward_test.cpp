// What the guard's chains do to the questions of containers behind held interfaces.
#include <gmock/gmock.h>
#include <netinet/in.h>

#include <algorithm>

#include "contract/guard_servers.hpp"
#include "contract/packet.hpp"
#include "support/tap.hpp"

namespace egress::test {
namespace {

constexpr const char* kGateways[] = {"10.9.0.1", "2001:db8:9::1"};
constexpr const char* kContainer[] = {"10.9.0.2", "2001:db8:9::2"};

// Datagrams and connections that arrived; how a connection ends, late, is none.
std::size_t begun(Tap& tap, const std::string& address) {
  constexpr std::size_t kFlags = 13, kIpv6Header = 40;  // RFC 9293 section 3.1
  constexpr unsigned kSyn = 0x02;
  return static_cast<std::size_t>(std::ranges::count_if(tap.seen(), [&](const SeenPacket& packet) {
    if (packet.destination != address) return false;
    const auto& octets = packet.octets;
    const std::size_t header = octets.at(0) >> 4U == 4 ? (octets[0] & 0x0fU) * 4U : kIpv6Header;
    return packet.protocol != IPPROTO_TCP || (octets.at(header + kFlags) & kSyn) != 0;
  }));
}

class GuardForward : public HeldContainer {
 protected:
  void install_guard() { install(held(guarded()), pinned()); }
  void remove_table() { host_.run("nft flush ruleset"); }
  std::string ask_from_container(const Question& question) {
    return ask(container_.name(), question);
  }

  GuardServers servers_{wire_, host_};
};

TEST_P(GuardForward, EveryQuestionEndsAtTheGuard) {
  Tap tap(wire_.name(), "wire");
  for (const Question& question : questions_to(kStrangers, kResolvers)) {
    remove_table();
    EXPECT_EQ(ask_from_container(question), "internet") << "positive control " << question;
    const std::size_t before = begun(tap, question.address);
    EXPECT_GE(before, 1U);
    install_guard();
    EXPECT_EQ(ask_from_container(question), "guard") << question;
    EXPECT_EQ(begun(tap, question.address), before) << question;
  }
}

// It knows the names of its network.
TEST_P(GuardForward, AResolverOfThisHostAnswersWhoAsksIt) {
  install_guard();
  for (const Question& question : questions_to(kGateways))
    EXPECT_EQ(ask_from_container(question), "stub") << question;
}

TEST_P(GuardForward, SoDoesOneFromPort53) {
  install_guard();
  for (Question question : questions_to(kStrangers)) {
    question.source = 53;
    EXPECT_EQ(ask_from_container(question), "guard") << question;
  }
}

TEST_P(GuardForward, TheGuardAnswersOnlyWhatWasRedirected) {
  for (Question question : questions_to(kGateways)) {
    question.port = kGuard.port;
    remove_table();
    EXPECT_EQ(ask_from_container(question), "guard") << "positive control " << question;
    install_guard();
    EXPECT_EQ(ask_from_container(question), kSilence) << question;
  }
}

TEST_P(GuardForward, TheResolversAreNotForContainers) {
  for (Question question : questions_to(kResolvers)) {
    question.port = kUnusual;
    install(held(), pinned());
    EXPECT_EQ(ask_from_container(question), "internet") << "positive control " << question;
    install_guard();
    question.key = OwnKey();
    question.user = kGuard.user;
    EXPECT_EQ(ask_from_container(question), kRefused) << question;
  }
}

TEST_P(GuardForward, WhatIsNotHeldIsLeftAlone) {
  install(guarded({"other*"}), pinned());
  for (const Question& question : questions_to(kStrangers))
    EXPECT_EQ(ask_from_container(question), "internet") << question;
  for (Question question : questions_to(kGateways)) {
    question.port = kGuard.port;
    EXPECT_EQ(ask_from_container(question), kSilence) << question;
  }
}

TEST_P(GuardForward, AKnownFlowIsRedirectedOnceItIsForgotten) {
  for (const char* address : kStrangers) {
    install(held(), {open(address, Transport::udp, 53)});
    Asker program(container_.name(), {.address = address});
    EXPECT_EQ(program.ask(), "internet");
    install_guard();
    EXPECT_EQ(program.ask(), "internet") << "positive control: as its first packet was";
    EXPECT_EQ(kernel_->forget_flows(is_dns), 1U);
    EXPECT_EQ(program.ask(), "guard") << address;
  }
}

// As on the host: the peer speaks first, from port 53, to where the question will come from.
TEST_P(GuardForward, AReversedPacketOpensNoFlow) {
  for (const std::size_t family : {0U, 1U}) {
    const auto converse = [&](Port port) {
      Asker program(container_.name(), {.address = kPeers[family], .source = port});
      Asker(wire_.name(),
            {.address = kContainer[family], .port = port, .from = kPeers[family], .source = 53})
          .ask(50ms);
      return program.ask();
    };
    install(held(), {});
    EXPECT_EQ(ask_from_container({.address = kPeers[family]}), kRefused);
    EXPECT_EQ(converse(4000), "internet") << "positive control: open by the peer's packet";
    install_guard();
    EXPECT_EQ(converse(4001), "guard") << kPeers[family];
  }
}

INSTANTIATE_TEST_SUITE_P(Containers, GuardForward, testing::ValuesIn(kWaysToTheHost), name_of_way);

}  // namespace
}  // namespace egress::test
