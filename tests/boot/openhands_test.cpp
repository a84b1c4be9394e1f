// docs/openhands.md, to the letter: what it tells to type is typed, and the agent reaches its
// provider before and after, and others before only.
#include "boot/document.hpp"
#include "boot/readers_host.hpp"
#include "net/docker_engine.hpp"
#include "support/servers.hpp"
#include "support/tcp_session.hpp"

namespace egress::test {
namespace {

constexpr const char* kGuide = "docs/openhands.md";
constexpr const char* kProvider4 = "160.79.104.10";
constexpr const char* kProvider6 = "2607:6bc0::10";
constexpr const char* kOthers[] = {"140.82.112.4", "2606:50c0:8000::153", "8.8.8.8",
                                   "169.254.169.254"};
constexpr const char* kHost4 = "10.77.0.2";

class OpenHands : public ReadersHost {
 protected:
  // By whoever has the socket of Docker, or else on the host.
  Finished type_here(const std::string& command, const DockerEngine* engine) const {
    return engine != nullptr && command.starts_with("docker ") ? engine->type(command)
                                                               : type(command);
  }
  // What all of them say.
  std::string follow(const std::string& section, const DockerEngine* engine = nullptr) const {
    const auto commands = commands_of_markdown(kGuide, section);
    EXPECT_GE(commands.size(), 5U) << section;
    std::string said;
    for (const std::string& command : commands) {
      const Finished finished = type_here(command, engine);
      EXPECT_EQ(finished.exit_code, 0) << command << '\n' << finished.output;
      said += "$ " + command + '\n' + finished.output;
    }
    return said;
  }
  static void expect_open_to_all(const std::string& netns) {
    for (const char* address : {kProvider4, kProvider6})
      EXPECT_EQ(tcp_probe(netns, address, 443), Seen::answered) << "positive control " << address;
    for (const char* address : kOthers)
      EXPECT_EQ(tcp_probe(netns, address, address == kOthers[3] ? 80 : 443), Seen::answered)
          << "positive control " << address;
  }
  static void expect_open_to_the_provider_alone(const std::string& netns) {
    for (const char* address : {kProvider4, kProvider6}) {
      EXPECT_EQ(tcp_probe(netns, address, 443), Seen::answered) << address;
      EXPECT_EQ(tcp_probe(netns, address, 80), Seen::refused) << address;
    }
    for (const char* address : kOthers)
      EXPECT_EQ(tcp_probe(netns, address, address == kOthers[3] ? 80 : 443), Seen::refused)
          << address;
  }
  static void expect_said(const std::string& said, const char* text) {
    EXPECT_NE(said.find(text), std::string::npos) << text << " in:\n" << said;
  }
};

TEST_F(OpenHands, AsAProcessOnTheHost) {
  expect_open_to_all(lab.host());
  const std::string said = follow("A process on the host");
  for (const char* text : {"\nworks\n", "\nrefused\n", "PROVEN"}) expect_said(said, text);
  EXPECT_EQ(tcp("140.82.112.4"), Seen::answered) << "github.com, for a while";
  EXPECT_EQ(type("egressctl deny github.com:443 api.github.com:443").exit_code, 0);
  expect_open_to_the_provider_alone(lab.host());
}

TEST_F(OpenHands, InDockerOnOneHost) {
  DockerEngine engine(lab);
  run({.words = {"ip", "-n", lab.net(), "route", "add", "fd17::/64", "via", "2001:db8:77::2"}});
  const std::string ca = lab.dir() / "ca.pem";
  engine.start("openhands-app", "bridge",
               {"--volume", ca + ":/ca.pem:ro", "--env", "CURL_CA_BUNDLE=/ca.pem", "--publish",
                "3000:3000"});
  engine.start("sandbox", "bridge", {"--publish", "30001:8000"});
  const TcpServer application(engine.netns("openhands-app"), {3000});
  const TcpServer sandbox(engine.netns("sandbox"), {8000});
  for (const char* container : {"openhands-app", "sandbox"})
    expect_open_to_all(engine.netns(container));
  EXPECT_EQ(tcp_probe(lab.net(), kHost4, 3000), Seen::answered);

  const std::string said = follow("Docker on one host", &engine);
  for (const char* text : {"\nworks\n", "\nrefused\n", "PROVEN"}) expect_said(said, text);
  for (const char* container : {"openhands-app", "sandbox"})
    expect_open_to_the_provider_alone(engine.netns(container));
  EXPECT_EQ(tcp_probe(lab.net(), kHost4, 3000), Seen::answered) << "whoever works with it";
  EXPECT_EQ(tcp_probe(engine.netns("openhands-app"), "172.17.0.1", 30001), Seen::answered)
      << "a container to a sandbox, by the port that Docker publishes";
  EXPECT_GT(Connection(lab.host(), "127.0.0.1", 30001).receive_for(std::chrono::seconds(2)), 0U)
      << "a process of the host to a sandbox";
}

TEST_F(OpenHands, InAVmImageBehindAReverseProxy) {
  expect_open_to_all(lab.host());
  TcpSession ssh(lab.host(), 22, lab.net(), kHost4);
  TcpSession proxied(lab.host(), 3000, lab.net(), kHost4);

  const std::string said = follow("A VM image behind a reverse proxy");
  for (const char* text : {"enforcing", "PROVEN"}) expect_said(said, text);
  expect_open_to_the_provider_alone(lab.host());
  for (TcpSession* before : {&ssh, &proxied})
    EXPECT_TRUE(before->client_is_heard() && before->server_is_heard());
  for (const std::uint16_t port : {std::uint16_t{22}, std::uint16_t{3000}})
    EXPECT_EQ(tcp_probe(lab.net(), kHost4, port), Seen::answered) << port;
}

TEST_F(OpenHands, EndsAsTheGuideSays) {
  ASSERT_EQ(type("sudo apt install ./egressd_0.1.0_amd64.deb").exit_code, 0);
  EXPECT_EQ(tcp(kOthers[0]), Seen::refused);
  const auto commands = inline_commands_of_markdown(kGuide);
  ASSERT_EQ(commands,
            (std::vector<std::string>{"sudo egressctl allow 169.254.169.254:80 --metadata",
                                      "sudo apt purge egressd"}));
  EXPECT_EQ(type(commands.front()).exit_code, 0);
  const Finished purged = type("yes | " + commands.back());
  EXPECT_EQ(purged.exit_code, 0) << purged.output;
  expect_open_to_all(lab.host());
}

}  // namespace
}  // namespace egress::test
