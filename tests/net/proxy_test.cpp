// An allowed endpoint that is a proxy opens everything behind it: real ones, each as its manual has
// it, are found by `egressctl verify`, and servers that answer 200 to whatever they are asked are
// not taken for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/lab.hpp"

namespace egress::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string policy_with(const std::string& endpoint) {
  return "version: 1\nresolvers: [10.77.0.1]\nallow:\n  - api.openai.com:443\n  - " + endpoint +
         "\n";
}

struct Kind {
  const char* name;
  std::vector<std::string> words;  // DIR: the lab's folder
  const char* configuration;       // written to DIR/proxy.conf
  int port;
  const char* how;  // it goes through
};

class RealProxy : public ::testing::TestWithParam<Kind> {
 protected:
  std::string with_folder(std::string text) const {
    for (auto at = text.find("DIR"); at != std::string::npos; at = text.find("DIR"))
      text.replace(at, 3, lab_.dir().string());
    return text;
  }
  ChildProcess start(const Kind& kind) const {
    std::ofstream(lab_.dir() / "proxy.conf") << with_folder(kind.configuration);
    Command command{.words = {}, .netns = lab_.net(), .output = lab_.dir() / "proxy.log"};
    for (const std::string& word : kind.words) command.words.push_back(with_folder(word));
    return ChildProcess(command);
  }
  Finished verify(const Daemon& daemon) const {
    return daemon.egressctl(
        {"verify", "--ca", lab_.dir() / "ca.pem", "--only", "source.proxy", "--timeout", "3s"});
  }
  std::string log() const {
    std::ifstream file(lab_.dir() / "proxy.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Lab lab_{Lab::Servers::all};
};

TEST_P(RealProxy, ThatIsAllowedIsALeak) {
  const Kind& kind = GetParam();
  const std::string endpoint = "192.0.2.9:" + std::to_string(kind.port);
  const Daemon daemon(lab_, policy_with(endpoint));
  const Finished nobody = verify(daemon);
  EXPECT_THAT(nobody.output, HasSubstr("n/a")) << "nobody is there yet";
  EXPECT_THAT(nobody.output, Not(HasSubstr("LEAK")));

  const ChildProcess proxy = start(kind);
  Finished finished;
  EXPECT_TRUE(eventually([&] {
    finished = verify(daemon);
    return finished.output.find("LEAK") != std::string::npos;
  })) << finished.output
      << log();
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.output, HasSubstr("LEAK: tcp/" + endpoint + " as a proxy"));
  EXPECT_THAT(finished.output, HasSubstr(kind.how));
  EXPECT_THAT(finished.output, HasSubstr("LEAK: 1 probe got through")) << "nginx is none";
}

const Kind kPackagedEverywhere[] = {
    {"tinyproxy",
     {"tinyproxy", "-d", "-c", "DIR/proxy.conf"},
     "Port 8888\nTimeout 10\nConnectPort 443\n",
     8888,
     "HTTP CONNECT"},
    {"tinyproxyWithoutConnect",
     {"tinyproxy", "-d", "-c", "DIR/proxy.conf"},
     "Port 8888\nTimeout 10\nConnectPort 0\n",
     8888,
     "brings its page"},
    {"squid",
     {"squid", "-N", "-f", "DIR/proxy.conf"},
     "http_port 3128\nhttp_access allow all\ncache deny all\naccess_log none\n"
     "cache_log DIR/squid.log\npid_filename none\nshutdown_lifetime 0 seconds\n"
     "netdb_filename none\n",
     3128,
     "HTTP CONNECT"},
    {"microsocks", {"microsocks", "-i", "0.0.0.0", "-p", "1080"}, "", 1080, "SOCKS5"}};

const Kind kDante[] = {{"danteSocks5",
                        {"danted", "-f", "DIR/proxy.conf"},
                        "logoutput: stderr\ninternal: 0.0.0.0 port = 1080\nexternal: 10.77.0.1\n"
                        "clientmethod: none\nsocksmethod: none\n"
                        "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
                        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n",
                        1080,
                        "SOCKS5"},
                       {"danteSocks4",
                        {"danted", "-f", "DIR/proxy.conf"},
                        "logoutput: stderr\ninternal: 0.0.0.0 port = 1080\nexternal: 10.77.0.1\n"
                        "clientmethod: none\nsocksmethod: none\n"
                        "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
                        "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0\n proxyprotocol: socks_v4 }\n",
                        1080,
                        "SOCKS4"}};

// Debian 13 has no Dante (scripts/deps knows the same).
std::vector<Kind> kinds() {
  std::vector<Kind> all(std::begin(kPackagedEverywhere), std::end(kPackagedEverywhere));
  std::ifstream release("/etc/os-release");
  const std::string text{std::istreambuf_iterator<char>(release), {}};
  if (text.find("VERSION_CODENAME=trixie") == std::string::npos)
    all.insert(all.end(), std::begin(kDante), std::end(kDante));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, RealProxy, ::testing::ValuesIn(kinds()),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(AllowedServer, ThatAnswersEverythingIsNoProxy) {
  const Lab lab(Lab::Servers::all);
  // nginx of the lab: 200 to every path and host, in clear and within TLS.
  const Daemon daemon(lab,
                      policy_with("192.0.2.9:80\n  - 192.0.2.9:8443\n  - api.openai.com:8443"));
  const auto verify = [&] {
    return daemon.egressctl({"verify", "--ca", lab.dir() / "ca.pem", "--only", "source.proxy"});
  };
  EXPECT_TRUE(eventually([&] { return verify().exit_code == 0; })) << verify().output;
  EXPECT_THAT(verify().output, HasSubstr("PROVEN"));
}

TEST(ProxyPorts, AreNamedAsARiskWhereverTheyAreAllowed) {
  const Lab lab(Lab::Servers::all);
  const Daemon daemon(lab, policy_with("192.0.2.9:443"));
  constexpr const char* kRisk = "risk: wide: proxies stand at port 3128";
  EXPECT_THAT(daemon.egressctl({"status"}).output, Not(HasSubstr("proxies stand")));
  const Finished allowed = daemon.egressctl({"allow", "proxy.corp:3128"});
  EXPECT_THAT(allowed.output, HasSubstr(kRisk));
  EXPECT_THAT(daemon.egressctl({"list"}).output, HasSubstr(kRisk));
  const Finished status = daemon.egressctl({"status"});
  EXPECT_THAT(status.output, HasSubstr("allowed ports at which proxies stand"));
  EXPECT_THAT(status.output, HasSubstr("  tcp/proxy.corp:3128"));
  EXPECT_THAT(daemon.egressctl({"allow", "192.0.2.10:1000-9999"}).output,
              HasSubstr("proxies stand at port 1080, 3128, 3129 and others"));
  EXPECT_THAT(daemon.egressctl({"allow", "192.0.2.11:9443"}).output, Not(HasSubstr("risk")));
}

}  // namespace
}  // namespace egress::test
