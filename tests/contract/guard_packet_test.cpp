// What the guard's chains do to the questions of the host, and to packets that come to it.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "contract/guard_servers.hpp"
#include "contract/packet.hpp"
#include "support/tap.hpp"

namespace egress::test {
namespace {

using testing::AnyOf;

constexpr const char* kHost[] = {"198.18.0.1", "2001:db8:f::1"};

class GuardPacket : public Packet {
 protected:
  void install_guard() { install(guarded(), pinned()); }
  void remove_table() { host_.run("nft flush ruleset"); }
  std::string ask_from_host(const Question& question) { return ask(host_.name(), question); }
  std::string ask_from_wire(const Question& question) { return ask(wire_.name(), question); }

  static Question as_egressd(Question question) {
    question.user = kGuard.user;
    question.key = OwnKey();
    return question;
  }

  // Packets that reached the far side and are addressed to a server, or to loopback.
  static std::size_t escaped(Tap& tap) {
    std::size_t count = tap.count("127.0.0.1");
    for (const auto* pair : {&kResolvers, &kStrangers, &kStubs, &kPeers})
      for (const char* address : *pair) count += tap.count(address);
    return count;
  }
  // A server closes after it has answered: its connection's last packets come later.
  static std::size_t escaped_once_all_is_closed(Tap& tap) {
    std::size_t count = escaped(tap);
    for (bool is_still = false; !is_still;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      const std::size_t now = escaped(tap);
      is_still = now == count;
      count = now;
    }
    return count;
  }

  GuardServers servers_{wire_, host_};
};

TEST_F(GuardPacket, EveryQuestionEndsAtTheGuard) {
  const auto questions = questions_to(kStrangers, kResolvers, kStubs);
  Tap tap(wire_.name(), "wire");
  for (const Question& question : questions)
    EXPECT_THAT(ask_from_host(question), AnyOf("internet", "stub")) << "control " << question;
  const std::size_t before = escaped_once_all_is_closed(tap);
  EXPECT_GE(before, 8U) << "positive control";
  install_guard();
  for (const Question& question : questions)
    EXPECT_EQ(ask_from_host(question), "guard") << question;
  EXPECT_EQ(escaped(tap), before);
}

TEST_F(GuardPacket, SoDoesOneFromPort53) {
  for (const char* address : kStrangers) {
    const Question question{.address = address, .source = 53};
    remove_table();
    EXPECT_EQ(ask_from_host(question), "internet") << "positive control " << question;
    install_guard();
    EXPECT_EQ(ask_from_host(question), "guard") << question;
  }
}

TEST_F(GuardPacket, OnlyEgressdReachesTheResolvers) {
  install_guard();
  for (const Question& plain : questions_to(kResolvers)) {
    const Question own = as_egressd(plain);
    EXPECT_EQ(ask_from_host(own), "internet") << "positive control " << own;
    const OwnKey key;
    for (const OwnKey other :
         {OwnKey{0, 0}, OwnKey{key.mark, 0}, OwnKey{0, key.priority},
          OwnKey{key.mark + 1, key.priority}, OwnKey{key.mark, key.priority + 1}}) {
      Question question = own;
      question.key = other;
      EXPECT_EQ(ask_from_host(question), "guard") << question;
    }
    for (const uid_t user : {uid_t{0}, uid_t{kGuard.user + 1}}) {
      Question question = own;
      question.user = user;
      EXPECT_EQ(ask_from_host(question), "guard") << question;
    }
  }
}

TEST_F(GuardPacket, EgressdReachesNothingElse) {
  install_guard();
  for (const Question& question : questions_to(kStrangers))
    EXPECT_EQ(ask_from_host(as_egressd(question)), "guard") << question;
  for (Question question : questions_to(kNames)) {
    question.port = 443;
    remove_table();
    EXPECT_NE(ask_from_host(as_egressd(question)), kRefused) << "positive control " << question;
    install_guard();
    EXPECT_EQ(ask_from_host(as_egressd(question)), kRefused) << question;
  }
}

// egressd's own questions are no tracked flows; from the moment that its resolver is no longer
// pinned they are anybody's.
TEST_F(GuardPacket, AFlowOfEgressdPassesWhileItsResolverIsPinned) {
  install_guard();
  for (const char* address : kResolvers) {
    Asker own(host_.name(), as_egressd({.address = address}));
    EXPECT_EQ(own.ask(), "internet");
    EXPECT_EQ(kernel_->cut_flows(is_dns), 0U);
    EXPECT_EQ(own.ask(), "internet");
    for (nft::Change change : pinned()) {
      change.verb = nft::Change::Verb::remove;
      kernel_->commit({.replace = {}, .changes = {change}});
    }
    EXPECT_EQ(own.ask(), "guard");
    install_guard();
  }
}

TEST_F(GuardPacket, AResolverAtAnotherPortIsForEgressdAloneToo) {
  for (Question question : questions_to(kResolvers)) {
    question.port = kUnusual;
    install({}, pinned());
    EXPECT_EQ(ask_from_host(question), "internet") << "positive control: no guard " << question;
    install_guard();
    EXPECT_EQ(ask_from_host(question), kRefused) << question;
    EXPECT_EQ(ask_from_host(as_egressd(question)), "internet") << question;
  }
}

TEST_F(GuardPacket, FromOutsideNobodyReachesTheGuard) {
  for (Question question : questions_to(kHost)) {
    const Question to_stub = question;
    question.port = kGuard.port;
    remove_table();
    EXPECT_EQ(ask_from_wire(question), "guard") << "positive control " << question;
    install_guard();
    EXPECT_EQ(ask_from_wire(question), kSilence) << question;
    EXPECT_EQ(ask_from_wire(to_stub), "stub") << "what comes in is not the guard's";
    EXPECT_EQ(ask_from_host(question), "guard") << "from the host itself";
  }
}

// The redirect does not change the device of a socket that is bound to one.
TEST_F(GuardPacket, ASocketBoundToADeviceCarriesNothingOut) {
  Tap tap(wire_.name(), "wire");
  for (Question question : questions_to(kStrangers)) {
    question.device = "eth0";
    remove_table();
    EXPECT_EQ(ask_from_host(question), "internet") << "positive control " << question;
    const std::size_t before = escaped_once_all_is_closed(tap);
    EXPECT_GE(before, 1U);
    install_guard();
    EXPECT_THAT(ask_from_host(question), AnyOf(kRefused, kSilence)) << question;
    EXPECT_EQ(escaped(tap), before) << question;
  }
}

TEST_F(GuardPacket, AKnownFlowIsRedirectedOnceItIsForgotten) {
  for (const char* address : kStrangers) {
    install({}, {open(address, Transport::udp, 53)});
    Asker program(host_.name(), {.address = address});
    EXPECT_EQ(program.ask(), "internet");
    install_guard();
    EXPECT_EQ(program.ask(), "internet") << "positive control: as its first packet was";
    EXPECT_EQ(kernel_->forget_flows(is_dns), 1U);
    EXPECT_EQ(program.ask(), "guard") << address;
  }
}

TEST_F(GuardPacket, AKnownConnectionEndsOnceItIsForgotten) {
  for (const char* address : kStrangers) {
    install({}, {open(address, Transport::tcp, 53)});
    Asker program(host_.name(), {.transport = Transport::tcp, .address = address});
    EXPECT_EQ(program.ask(), "internet");
    install_guard();
    EXPECT_EQ(program.ask(), "internet") << "positive control: as its first packet was";
    EXPECT_EQ(kernel_->forget_flows(is_dns), 1U);
    EXPECT_EQ(program.ask(), kRefused) << address;
  }
}

// The peer speaks first, from port 53, to where the question will come from: what the host sends
// there would count as the answer.
TEST_F(GuardPacket, AReversedPacketOpensNoFlow) {
  for (const std::size_t family : {0U, 1U}) {
    const auto converse = [&](Port port) {
      Asker program(host_.name(), {.address = kPeers[family], .source = port});
      Asker(wire_.name(),
            {.address = kHost[family], .port = port, .from = kPeers[family], .source = 53})
          .ask(1ms);
      return program.ask();
    };
    install({}, {});
    EXPECT_EQ(ask_from_host({.address = kPeers[family]}), kRefused);
    EXPECT_EQ(converse(4000), "internet") << "positive control: open by the peer's packet";
    install_guard();
    EXPECT_EQ(converse(4001), "guard") << kPeers[family];
  }
}

TEST_F(GuardPacket, AConnectionFromPort53IsNotTakenIn) {
  const Speaker service(host_, 8080, "service");
  for (std::size_t family : {0U, 1U}) {
    Question question{.transport = Transport::tcp,
                      .address = kHost[family],
                      .port = 8080,
                      .from = kPeers[family],
                      .source = 530};
    install_guard();
    EXPECT_EQ(ask_from_wire(question), "service") << "positive control: from another port";
    question.transport = Transport::udp;
    question.source = 53;
    install({}, {});
    EXPECT_EQ(ask_from_wire(question), "service") << "positive control: no guard";
    kernel_->forget_flows([](const nft::Flow&) { return true; });
    install_guard();
    EXPECT_EQ(ask_from_wire(question), kSilence) << question;
  }
}

}  // namespace
}  // namespace egress::test
