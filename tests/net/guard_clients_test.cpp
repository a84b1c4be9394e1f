// The programs that people run, and the resolvers in their libraries, through the guard.
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

struct RealClient {
  const char* name;
  std::vector<std::string> words;  // %s stands for the name to look up
  const char* says;                // of an allowed name
};

std::vector<std::string> asking(const RealClient& client, const std::string& name) {
  std::vector<std::string> words = client.words;
  for (std::string& word : words)
    if (const auto at = word.find("%s"); at != word.npos) word.replace(at, 2, name);
  return words;
}

// The port is open, so that what curl and Python are given can be used at once.
constexpr const char* kPython =
    "import socket,sys\n"
    "for family, kind, _, _, address in socket.getaddrinfo('%s', 443, type=socket.SOCK_STREAM):\n"
    "  s = socket.socket(family, kind); s.connect(address); print(address[0])\n";

const RealClient kClients[] = {
    {"Dig", {"dig", "+short", "%s"}, kApi4},
    {"DigTcp", {"dig", "+tcp", "+short", "%s", "AAAA"}, kApi6},
    {"DigAtAForeignServer", {"dig", "@9.9.9.9", "+short", "%s"}, kApi4},
    {"Kdig", {"kdig", "+short", "%s"}, kApi4},
    {"KdigTcp", {"kdig", "+tcp", "+short", "%s"}, kApi4},
    {"KdigCookie", {"kdig", "+edns", "+cookie", "+short", "%s"}, kApi4},
    {"KdigBufsize", {"kdig", "+bufsize=4096", "+short", "%s"}, kApi4},
    {"KdigDnssec", {"kdig", "+dnssec", "+short", "%s"}, kApi4},
    {"KdigPaddedWithSubnet",
     {"kdig", "+padding=128", "+subnet=192.0.2.0/24", "+short", "%s"},
     kApi4},
    {"Host", {"host", "%s"}, kApi4},
    {"Nslookup", {"nslookup", "%s"}, kApi4},
    {"BusyboxNslookup", {"busybox", "nslookup", "%s"}, kApi4},
    {"Getaddrinfo", {"getent", "ahosts", "%s"}, kApi4},
    {"Musl", {MUSL_CLIENT, "%s"}, kApi4},
    {"MuslIpv6", {MUSL_CLIENT, "%s"}, kApi6},
    {"Python", {"/usr/bin/python3", "-c", kPython}, kApi4},
    {"Curl", {"curl", "-sS", "-v", "-m", "2", "telnet://%s:443"}, "Connected to api.openai.com"},
};

class RealClients : public GuardTest, public testing::WithParamInterface<RealClient> {
 protected:
  Finished look_up(const std::string& name) const {
    std::vector<std::string> words = asking(GetParam(), name);
    words.insert(words.begin(), {"ip", "netns", "exec", lab.host()});
    return run({.words = std::move(words)});
  }
};

TEST_P(RealClients, FindAnAllowedNameAndNoOther) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  const Finished allowed = look_up("api.openai.com");
  EXPECT_NE(allowed.output.find(GetParam().says), std::string::npos) << allowed.output;
  const Finished other = look_up("github.com");
  EXPECT_EQ(other.output.find(kOther4), std::string::npos) << other.output;
  EXPECT_EQ(other.output.find(kOther6), std::string::npos) << other.output;
  EXPECT_EQ(dns.asked("github.com"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Each, RealClients, testing::ValuesIn(kClients),
                         [](const auto& client) { return std::string(client.param.name); });

}  // namespace
}  // namespace egress::test
