// The guard comes, goes and is switched, with flows under way.
#include <regex>

#include "egress/core/limits.hpp"
#include "egress/nft/ruleset.hpp"
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

class GuardLifecycle : public GuardTest {};

TEST_F(GuardLifecycle, ItsDeathEndsDnsAndNothingElse) {
  Daemon daemon(lab, guarded_policy("api.openai.com:443, github.com:443"));
  ASSERT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  Connection transfer(lab.host(), kApi4, 443);
  ASSERT_GT(transfer.receive_for(300ms), 0U);

  daemon.crash();
  Tap after(lab.net(), "host0");
  for (const char* server : {kResolver, kPublic4, kPublic6, "127.0.0.53"}) {
    for (const Over over : {Over::udp, Over::tcp}) {
      EXPECT_FALSE(ask({server, over}, "api.openai.com")) << server;
      EXPECT_FALSE(ask({server, over}, "secret.example.org")) << server;
    }
  }
  EXPECT_FALSE(after.carried("openai"));
  EXPECT_FALSE(after.carried("secret"));
  EXPECT_GT(transfer.receive_for(500ms), 0U);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_EQ(tcp(kOther6, 444), Seen::refused);

  daemon.start();
  EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  EXPECT_TRUE(is_blocked(ask("secret.example.org")));
  EXPECT_GT(transfer.receive_for(500ms), 0U);
}

TEST_F(GuardLifecycle, AReloadSwitchesItOnAndOff) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  DnsSocket client(lab.host(), {kResolver});
  ASSERT_EQ(rcode_of(client.ask({.name = "github.com", .id = 1})), kNoError);

  daemon.write_policy(guarded_policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  Tap guarded(lab.net(), "host0");
  EXPECT_TRUE(is_blocked(ask("github.com")));
  EXPECT_NE(rcode_of(client.ask({.name = "github.com", .id = 2})), kNoError)
      << "a flow of before goes past the guard";
  EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
  EXPECT_FALSE(guarded.carried("github"));

  daemon.write_policy(policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_EQ(rcode_of(ask("github.com")), kNoError);
  EXPECT_EQ(rcode_of(client.ask({.name = "github.com", .id = 3})), kNoError)
      << "a flow of before is led to where the guard was";
  EXPECT_EQ(udp(kPublic4, 53), Seen::refused);
  EXPECT_EQ(tcp(kApi4), Seen::answered);
}

// A program that asks from one port all the time does so through a restart without the guard, too.
TEST_F(GuardLifecycle, ARestartWithoutItLeavesNoQuestionBehind) {
  Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  DnsSocket client(lab.host(), {kResolver});
  ASSERT_TRUE(is_blocked(client.ask({.name = "github.com", .id = 1}))) << "by the guard";
  daemon.crash();
  daemon.write_policy(policy("api.openai.com:443"));
  daemon.start();
  EXPECT_EQ(rcode_of(client.ask({.name = "github.com", .id = 2})), kNoError);
}

// Somebody else's program on the guard's port.
TEST_F(GuardLifecycle, APortThatIsTakenLeavesTheHostClosed) {
  ASSERT_EQ(tcp(kOther4), Seen::answered);
  const UdpServer squatter(lab.host(), limits::kGuardPort, echo());
  std::string said;
  try {
    const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  } catch (const std::runtime_error& failure) {
    said = failure.what();
  }
  EXPECT_NE(said.find("another program has the port"), std::string::npos) << said;
  EXPECT_NE(said.find("the host is closed"), std::string::npos) << said;
  EXPECT_NE(said.find("with --user"), std::string::npos) << "the remedy is cut off: " << said;
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  EXPECT_EQ(tcp(kOther6), Seen::refused);
}

// egressd asks the resolver from a port that a program has used lately for the same resolver, or
// uses next. The host has but a few ports, so that they meet for certain.
class SharedPorts : public GuardTest, public ::testing::WithParamInterface<const char*> {
 protected:
  SharedPorts() {
    lab.on_host({"sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=40000 40009"});
    dns.set("second.openai.com", {.addresses = {kApi4Second}});
  }
  std::string policy_of_resolver() const {
    return "version: 1\nresolvers: [\"" + std::string(GetParam()) +
           "\"]\nallow: [api.openai.com, second.openai.com]\n";
  }
  // What the resolver's address answers to a program at each of the ports.
  std::vector<unsigned> ask_from_every_port(const std::string& name) {
    std::vector<unsigned> rcodes;
    for (std::uint16_t port = 40'000; port < 40'010; ++port)
      rcodes.push_back(
          rcode_of(test::ask(lab.host(), {GetParam()}, {.name = name}, {.source_port = port})));
    return rcodes;
  }
};
INSTANTIATE_TEST_SUITE_P(WithAResolver, SharedPorts, ::testing::Values(kResolver, kResolver6),
                         [](const auto& of) { return of.index == 0 ? "IPv4" : "IPv6"; });

TEST_P(SharedPorts, EgressdIsAnsweredWhereProgramsAskedBefore) {
  const Daemon daemon(lab, policy_of_resolver());
  const std::vector<unsigned> refused(10, kNxdomain);
  ASSERT_TRUE(eventually([&] { return dns.asked("second.openai.com") > 0; }));
  ASSERT_EQ(ask_from_every_port("secret.example.org"), refused);
  const std::size_t before = dns.asked("third.openai.com");
  dns.set("third.openai.com", {.addresses = {kApi4}});
  const Finished allow = daemon.egressctl({"allow", "third.openai.com"});
  EXPECT_EQ(allow.exit_code, 0) << allow.output;
  EXPECT_GT(dns.asked("third.openai.com"), before);
  EXPECT_EQ(daemon.log().find("lookup-failed"), std::string::npos) << daemon.log();
}

TEST_P(SharedPorts, ProgramsDoNotReachTheResolverWhereEgressdAskedBefore) {
  ASSERT_EQ(ask_from_every_port("github.com"), std::vector<unsigned>(10, kNoError))
      << "positive control";
  const Daemon daemon(lab, policy_of_resolver());
  ASSERT_TRUE(eventually([&] { return dns.asked("second.openai.com") > 0; }));
  for (int turn = 0; turn < 3; ++turn) {
    const std::string name = "new" + std::to_string(turn) + ".openai.com";
    dns.set(name, {.addresses = {kApi4}});
    ASSERT_EQ(daemon.egressctl({"allow", name}).exit_code, 0);
    Tap tap(lab.net(), "host0");
    EXPECT_EQ(ask_from_every_port("secret.example.org"), std::vector<unsigned>(10, kNxdomain));
    EXPECT_FALSE(tap.carried("secret"));
  }
}

// Before egressd there may be nothing that tracks connections, or somebody's rules that do.
class GuardTakeover : public GuardTest, public ::testing::WithParamInterface<bool> {
 protected:
  GuardTakeover() {
    if (GetParam())
      lab.nft(
          "table inet tracking {\n chain output {\n type filter hook output priority 0\n ct state "
          "new accept\n }\n}\n");
  }
};
INSTANTIATE_TEST_SUITE_P(OfFlows, GuardTakeover, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "Tracked" : "Untracked"; });

TEST_P(GuardTakeover, CutsOffAQuestionUnderWay) {
  for (const char* server : {kPublic4, kPublic6, kResolver}) {
    DnsSocket client(lab.host(), {server});
    ASSERT_EQ(rcode_of(client.ask({.name = "github.com", .id = 1})), kNoError);
    ASSERT_TRUE(far_side.carried("github"));
    Daemon daemon(lab, guarded_policy("api.openai.com:443"));
    Tap after(lab.net(), "host0");
    for (std::uint16_t id = 2; id < 5; ++id)
      EXPECT_NE(rcode_of(client.ask({.name = "secret.github.com", .id = id}, 200ms)), kNoError);
    EXPECT_FALSE(after.carried("secret")) << server;
    daemon.terminate();
    lab.on_host({"nft", "delete", "table", "inet", "egressd"});
  }
}

TEST_P(GuardTakeover, CutsOffATcpConnectionUnderWay) {
  for (const char* server : {kPublic4, kPublic6}) {
    DnsSocket client(lab.host(), {server, Over::tcp});
    ASSERT_TRUE(client.send(write_query({.name = "before.github.com"})));
    ASSERT_TRUE(eventually([&] { return far_side.carried("before"); }));
    Daemon daemon(lab, guarded_policy("api.openai.com:443"));
    Tap after(lab.net(), "host0");
    for (int i = 0; i < 4; ++i) {
      client.send(write_query({.name = "secret.github.com"}));
      std::this_thread::sleep_for(300ms);
    }
    EXPECT_FALSE(after.carried("secret")) << server;
    daemon.terminate();
    lab.on_host({"nft", "delete", "table", "inet", "egressd"});
  }
}

// As root reads it in the rules.
OwnKey key_in_force(const Lab& lab) {
  const std::string rules = lab.on_host({"nft", "list", "chain", "inet", "egressd", "source-output"});
  const std::regex key("meta mark (0x[0-9a-f]+) meta priority ([0-9a-f]+):([0-9a-f]+)");
  std::smatch found;
  if (!std::regex_search(rules, found, key)) return {0, 0};
  const auto number = [](const std::string& text) {
    return static_cast<std::uint32_t>(std::stoul(text, nullptr, 16));
  };
  return {number(found[1]), number(found[2]) << 16 | number(found[3])};
}

// egressd's own questions are known by its user and its key together.
TEST_F(GuardLifecycle, NeitherTheKeyNorTheUserAloneGetsPast) {
  const ClientSocket of_its_user{.user = kNobody};
  ASSERT_EQ(rcode_of(test::ask(lab.host(), {kResolver}, {.name = "github.com"}, of_its_user)),
            kNoError);
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  const OwnKey key = key_in_force(lab);
  ASSERT_NE(key.mark, 0);
  const ClientSocket keyed{.key = key};
  const ClientSocket marked{.key = {key.mark, 0}, .user = kNobody};
  const ClientSocket guessed{.key = {key.mark, key.priority ^ 1}, .user = kNobody};
  {
    Tap control(lab.net(), "host0");
    test::ask(lab.host(), {kResolver}, {.name = "github.com"}, {.key = key, .user = kNobody});
    EXPECT_TRUE(eventually([&] { return control.carried("github"); })) << "who has both is egressd";
  }
  Tap after(lab.net(), "host0");
  for (const ClientSocket& client : {keyed, of_its_user, marked, guessed})
    for (const Over over : {Over::udp, Over::tcp})
      for (const char* server : {kResolver, kPublic4, kPublic6})
        EXPECT_TRUE(
            is_blocked(test::ask(lab.host(), {server, over}, {.name = "github.com"}, client)))
            << server << " mark " << client.key.mark << " user " << client.user;
  EXPECT_FALSE(after.carried("github"));
}

TEST_F(GuardLifecycle, TheKeyIsAnotherAtEachStart) {
  OwnKey first;
  {
    Daemon daemon(lab, guarded_policy("api.openai.com:443"));
    first = key_in_force(lab);
    daemon.terminate();
  }
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  EXPECT_NE(key_in_force(lab).mark, 0);
  EXPECT_NE(key_in_force(lab), first);
}

}  // namespace
}  // namespace egress::test
