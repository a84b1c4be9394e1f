// A network whose own resolver alone knows its names, beside the resolver of everybody else.
#include <gmock/gmock.h>

#include "net/guard_fixture.hpp"
#include "support/container.hpp"
#include "support/dnsmasq.hpp"

namespace egress::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kInside = "10.77.0.54";
constexpr const char* kInsideName = "git.vpn.corp";
constexpr const char* kWrong4 = "142.250.74.46";  // what outsiders say of names inside

// Real servers take the port that NetTest's have.
class SplitDns : public testing::Test {
 protected:
  SplitDns() {
    for (const char* address : {kResolver, kInside})
      if (!eventually([&] { return asks(address, kInsideName) != "silence"; }))
        throw std::runtime_error(std::string("no answer from ") + address);
  }

  Seen tcp(const std::string& address, std::uint16_t port = 443) const {
    return tcp_probe(lab.host(), address, port);
  }
  static std::string split_policy(const std::string& allow) {
    return "version: 1\nresolvers: { vpn.corp: [10.77.0.54], default: [10.77.0.1] }\n"
           "limits: { min_ttl: 1s, max_ttl: 1h, grace: 30s }\nallow: [" +
           allow + "]\n";
  }
  std::string asks_from(const std::string& netns, const std::string& address,
                        const std::string& name) const {
    const auto reply = test::ask(netns, {address}, {.name = name, .type = kTypeA});
    if (!reply) return "silence";
    const auto texts = reply->texts(kTypeA);
    return texts.empty() ? "rcode " + std::to_string(reply->rcode()) : texts.back();
  }
  std::string asks(const std::string& address, const std::string& name) const {
    return asks_from(lab.host(), address, name);
  }

  Lab lab;
  TcpServer tcp_server{lab.net(), {443, 444}};
  const Dnsmasq outside{
      lab.net(),
      kResolver,
      lab.dir() / "outside",
      {"--host-record=api.openai.com,162.159.140.245", "--host-record=git.vpn.corp,142.250.74.46",
       "--cname=app.corp,git.vpn.corp", "--host-record=edge.openai.com,172.66.0.243"}};
  const Dnsmasq inside = server_inside();

 private:
  Dnsmasq server_inside() const {
    run({.words = {"ip", "-n", lab.net(), "address", "add", "10.77.0.54/32", "dev", "lo"}});
    return Dnsmasq(
        lab.net(), kInside, lab.dir() / "inside",
        {"--host-record=git.vpn.corp,162.159.140.245",
         "--host-record=a.dev.vpn.corp,162.159.140.245",
         "--host-record=edge.openai.com,142.250.74.46", "--cname=cdn.vpn.corp,edge.openai.com"});
  }
};

TEST_F(SplitDns, ANameOfAZoneIsAskedOfItsResolverAndOfNobodyElse) {
  ASSERT_EQ(asks(kResolver, kInsideName), kWrong4) << "control: who is asked decides";
  ASSERT_EQ(asks(kInside, kInsideName), kApi4);
  for (const Dnsmasq* server : {&outside, &inside}) server->forget();
  const Daemon daemon(lab,
                      split_policy("git.vpn.corp:443, \"*.dev.vpn.corp:443\", api.openai.com:443"));
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  for (const char* server : {kResolver, kInside, kPublic4}) {
    EXPECT_EQ(asks(server, kInsideName), kApi4) << server;
    EXPECT_EQ(asks(server, "a.dev.vpn.corp"), kApi4) << "learnt, asking " << server;
    EXPECT_EQ(asks(server, "api.openai.com"), kApi4) << server;
  }
  EXPECT_EQ(asks(kInside, "secret.vpn.corp"), "rcode 3") << "not allowed";
  EXPECT_EQ(tcp(kWrong4), Seen::refused);
  ASSERT_TRUE(eventually([&] {
    const std::string log = inside.heard();
    return log.find(kInsideName) != log.rfind(kInsideName);
  })) << "asked again when its time is over";
  EXPECT_THAT(outside.heard(), Not(HasSubstr("vpn.corp")));
  EXPECT_THAT(outside.heard(), HasSubstr("api.openai.com"));
  EXPECT_THAT(inside.heard(), Not(HasSubstr("openai")));
  EXPECT_THAT(inside.heard(), Not(HasSubstr("secret")));
  EXPECT_THAT(daemon.egressctl({"status"}).output,
              HasSubstr("10.77.0.1 (from policy); vpn.corp: 10.77.0.54"));
  EXPECT_THAT(daemon.egressctl({"why", kInsideName}).output,
              HasSubstr("names of the zone vpn.corp are asked of 10.77.0.54 alone"));
}

TEST_F(SplitDns, EachAliasIsAskedOfWhoAnswersForIt) {
  ASSERT_EQ(asks(kResolver, "app.corp"), kWrong4) << "control: the first server follows it itself";
  const Daemon daemon(lab, split_policy("app.corp:443, cdn.vpn.corp:444"));
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; })) << daemon.log();
  EXPECT_TRUE(eventually([&] { return tcp(kApi4Second, 444) == Seen::answered; })) << daemon.log();
  EXPECT_EQ(asks(kResolver, "app.corp"), kApi4);
  EXPECT_EQ(asks(kResolver, "cdn.vpn.corp"), kApi4Second);
  EXPECT_EQ(tcp(kWrong4, 443), Seen::refused);
  EXPECT_EQ(tcp(kWrong4, 444), Seen::refused);
}

// The zone's resolver is egressd's alone, as every other.
TEST_F(SplitDns, AProgramReachesNoZonesResolver) {
  ASSERT_EQ(asks(kInside, "a.dev.vpn.corp"), kApi4) << "positive control";
  ASSERT_EQ(tcp(kInside), Seen::answered) << "positive control";
  const Container container(lab);
  const Daemon daemon(lab, split_policy("git.vpn.corp:443"));
  EXPECT_TRUE(
      eventually([&] { return asks_from(container.netns(), kInside, kInsideName) == kApi4; }));
  Tap after(lab.net(), "host0");
  for (const std::string& netns : {lab.host(), container.netns()}) {
    for (const Over over : {Over::udp, Over::tcp})
      EXPECT_TRUE(is_blocked(
          test::ask(netns, {kInside, over}, {.name = "a.dev.vpn.corp", .type = kTypeA})));
    EXPECT_NE(tcp_probe(netns, kInside, 443), Seen::answered);
  }
  EXPECT_FALSE(after.carried("dev"));
}

TEST_F(SplitDns, ResolversMayChangeWhileItRuns) {
  const std::string rest =
      "limits: { min_ttl: 1s, max_ttl: 1h, grace: 1s }\nallow: [git.vpn.corp:443]\n";
  Daemon daemon(lab, "version: 1\nresolvers: [10.77.0.1]\n" + rest);
  EXPECT_TRUE(eventually([&] { return tcp(kWrong4) == Seen::answered; })) << "as outsiders say";
  daemon.write_policy(split_policy("git.vpn.corp:443"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  EXPECT_EQ(asks(kResolver, kInsideName), kApi4);
  daemon.crash();
  daemon.start();
  EXPECT_TRUE(eventually([&] { return asks(kResolver, kInsideName) == kApi4; }));
}

class LinkLocalResolver : public GuardTest {
 protected:
  std::string neighbour() const {
    const Finished shown = run({.words = {"sh", "-c",
                                          "ip -n " + lab.net() +
                                              " -6 -o address show dev host0 scope link | grep -oE "
                                              "'fe80[^/]*' | tr -d '\\n'"}});
    return shown.output + "%uplink0";
  }
};

// As a router's advertisement (RFC 8106) often has it.
TEST_F(LinkLocalResolver, IsAskedByItsLink) {
  const std::string router = neighbour();
  ASSERT_THAT(router, testing::StartsWith("fe80"));
  dns.set("git.vpn.corp", {.addresses = {kApi4Second}});
  lab.write_resolv_conf("nameserver " + router + "\n");
  {
    const Daemon daemon(lab, "version: 1\nallow: [api.openai.com:443]\n");
    EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; })) << daemon.log();
    EXPECT_THAT(daemon.ask<control::StatusReply>(control::StatusRequest{}).resolvers,
                ElementsAre(router));
    EXPECT_EQ(tcp(kOther4), Seen::refused);
  }
  lab.write_resolv_conf("nameserver 10.77.0.99\n");  // nobody
  const Daemon daemon(lab, "version: 1\nresolvers: { vpn.corp: [\"" + router +
                               "\"] }\nallow: [git.vpn.corp:443]\n");
  EXPECT_TRUE(eventually([&] { return tcp(kApi4Second) == Seen::answered; })) << daemon.log();
}

}  // namespace
}  // namespace egress::test
