// SRV and TXT of an entry that says `srv: true`, with a real server and real clients.
#include <gmock/gmock.h>

#include "net/guard_fixture.hpp"
#include "support/dnsmasq.hpp"

namespace egress::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kHost = "cluster0.abcde.mongodb.net";
constexpr const char* kService = "_mongodb._tcp.cluster0.abcde.mongodb.net";
constexpr const char* kShard = "shard-00.abcde.mongodb.net";
constexpr const char* kShard4 = "162.159.140.245";
constexpr const char* kElsewhere = "shard.example.net";
constexpr const char* kElsewhere4 = "142.250.74.46";
constexpr std::uint16_t kPort = 27017;

// Looks the service up and talks to whatever it leads to, as a driver does.
constexpr const char* kDriver =
    "import socket,subprocess,sys\n"
    "found=subprocess.run(['dig','+short','SRV',sys.argv[1]],capture_output=True,text=True)"
    ".stdout.split()\n"
    "port,target=int(found[2]),found[3].rstrip('.')\n"
    "s=socket.create_connection((target,port),2)\n"
    "print('connected to',target,s.getpeername()[0],s.getpeername()[1])\n";

class Services : public testing::Test {
 protected:
  Services() {
    if (!eventually([&] { return look_up("TXT", kHost).find("admin") != std::string::npos; }))
      throw std::runtime_error("no answer from dnsmasq");
  }

  // What `kdig` prints.
  std::string look_up(const std::string& type, const std::string& name) const {
    return run({.words = {"ip", "netns", "exec", lab.host(), "kdig", "@10.77.0.1", type, name}})
        .output;
  }
  Finished drive() const {
    return run({.words = {"ip", "netns", "exec", lab.host(), "/usr/bin/python3", "-c", kDriver,
                          kService}});
  }
  Seen tcp(const std::string& address, std::uint16_t port) const {
    return tcp_probe(lab.host(), address, port);
  }
  static std::string services_policy() {
    return guarded_policy("{ host: " + std::string(kHost) + ", port: 27017, srv: true }");
  }
  void expect_closed(const std::string& address, std::uint16_t port) const {
    EXPECT_EQ(tcp(address, port), Seen::refused) << address << ':' << port;
  }
  void expect_refused(const std::string& type, const std::string& name) const {
    EXPECT_THAT(look_up(type, name), HasSubstr("NXDOMAIN")) << type << ' ' << name;
  }

  Lab lab;
  TcpServer tcp_server{lab.net(), {443, 444, kPort}};
  const Dnsmasq server{lab.net(),
                       kResolver,
                       lab.dir() / "dnsmasq.log",
                       {"--srv-host=" + std::string(kService) + "," + kShard + ",27017,3,5",
                        "--srv-host=" + std::string(kService) + "," + kElsewhere + ",27017",
                        "--srv-host=" + std::string(kService) + "," + kShard + ",444",
                        "--srv-host=_other._tcp.example.net," + std::string(kShard) + ",27017",
                        "--txt-record=" + std::string(kHost) + ",authSource=admin",
                        "--txt-record=below." + std::string(kHost) + ",from below",
                        "--txt-record=example.net,from elsewhere",
                        "--host-record=" + std::string(kShard) + "," + kShard4,
                        "--host-record=" + std::string(kElsewhere) + "," + kElsewhere4}};
};

TEST_F(Services, LeadADriverToItsServerAndNowhereElse) {
  ASSERT_EQ(tcp(kShard4, kPort), Seen::answered) << "control";
  ASSERT_EQ(tcp(kShard4, 444), Seen::answered);
  ASSERT_EQ(tcp(kElsewhere4, kPort), Seen::answered);
  ASSERT_THAT(look_up("SRV", kService), HasSubstr(kElsewhere)) << "control: the zone says so";
  const Daemon daemon(lab, services_policy());
  expect_closed(kShard4, kPort);
  expect_refused("A", kShard);
  const Finished driven = drive();
  EXPECT_THAT(driven.output,
              HasSubstr("connected to shard-00.abcde.mongodb.net 162.159.140.245 27017"));
  const std::string service = look_up("SRV", kService);
  EXPECT_THAT(service, HasSubstr("3 5 27017 shard-00.abcde.mongodb.net."));
  EXPECT_THAT(service, Not(HasSubstr(kElsewhere))) << "outside of mongodb.net";
  EXPECT_THAT(service, Not(HasSubstr(" 444 "))) << "a port that the entry does not hold";
  EXPECT_THAT(look_up("TXT", kHost), HasSubstr("\"authSource=admin\""));
  EXPECT_EQ(tcp(kShard4, kPort), Seen::answered);
  for (const std::uint16_t port : {std::uint16_t{444}, std::uint16_t{443}})
    expect_closed(kShard4, port);
  expect_closed(kElsewhere4, kPort);
  expect_refused("A", kElsewhere);
  EXPECT_THAT(daemon.log(), HasSubstr("service-filtered"));
  const Finished why = daemon.egressctl({"why", std::string(kShard) + ":27017"});
  EXPECT_EQ(why.exit_code, 0);
  EXPECT_THAT(why.output, HasSubstr("an SRV record of cluster0.abcde.mongodb.net leads to "
                                    "tcp/shard-00.abcde.mongodb.net:27017"));
  EXPECT_EQ(daemon.egressctl({"why", std::string(kShard) + ":444"}).exit_code, 1);
  const Finished list = daemon.egressctl({"list"});
  EXPECT_THAT(list.output, HasSubstr("srv: what it leads to at or below mongodb.net"));
  EXPECT_THAT(list.output, HasSubstr(kShard4));
}

TEST_F(Services, NoOtherQuestionLeavesTheHost) {
  ASSERT_THAT(look_up("TXT", "below." + std::string(kHost)), HasSubstr("from below")) << "control";
  ASSERT_THAT(look_up("SRV", "_other._tcp.example.net"), HasSubstr(kShard));
  ASSERT_THAT(server.heard(), HasSubstr("below."));
  const Daemon daemon(lab, services_policy());
  ASSERT_THAT(look_up("SRV", kService), HasSubstr(kShard)) << "control";
  ASSERT_THAT(server.heard(), HasSubstr("query[SRV] " + std::string(kService)));
  server.forget();
  for (const std::string& name : {"below." + std::string(kHost), std::string("example.net"),
                                  std::string("abcde.mongodb.net"), std::string(kService)})
    expect_refused("TXT", name);
  EXPECT_THAT(look_up("TXT", kShard), HasSubstr("ANSWER: 0")) << "known by its address alone";
  for (const std::string& name :
       {std::string("_other._tcp.example.net"), "_mongodb._udp." + std::string(kHost),
        "x." + std::string(kService), "_mongodb._tcp.below." + std::string(kHost),
        "_longerthanfifteen._tcp." + std::string(kHost), std::string("_mongodb._tcp.mongodb.net")})
    expect_refused("SRV", name);
  const std::string asked = server.heard();
  for (const char* part : {"below", "example.net", "_udp", "longer", "x._mongodb", "query[TXT]"})
    EXPECT_THAT(asked, Not(HasSubstr(part)));
}

TEST_F(Services, WithoutTheOptionNothingOfItIsAnswered) {
  ASSERT_THAT(look_up("SRV", kService), HasSubstr(kShard)) << "control";
  const Daemon daemon(lab, guarded_policy(std::string(kHost) + ":27017"));
  expect_refused("SRV", kService);
  EXPECT_THAT(look_up("TXT", kHost), Not(HasSubstr("authSource")));
  expect_closed(kShard4, kPort);
}

TEST_F(Services, AllowOpensThemAndDenyClosesAllOfIt) {
  const Daemon daemon(lab, guarded_policy(""));
  const std::string target = std::string(kHost) + ":27017";
  expect_refused("SRV", kService);
  const Finished allowed = daemon.egressctl({"allow", "--srv", target});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.output;
  EXPECT_THAT(drive().output, HasSubstr("connected to shard-00"));
  EXPECT_EQ(tcp(kShard4, kPort), Seen::answered);
  const Finished denied = daemon.egressctl({"deny", target});
  EXPECT_EQ(denied.exit_code, 0) << denied.output;
  expect_closed(kShard4, kPort);
  expect_refused("SRV", kService);
  expect_refused("TXT", kHost);
  expect_refused("A", kShard);
}

}  // namespace
}  // namespace egress::test
