// Containers of a real Docker Engine: on its default bridge, on a network with Docker's embedded
// DNS, and on the host's network.
#include "net/docker_engine.hpp"
#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

constexpr const char* kEmbeddedDns = "127.0.0.11";
// As in the shipped egressd.yaml.
constexpr const char* kForward = "forward: [docker0, \"br-*\", cni0, podman0]";

// Connects to every address of a name, and says which.
constexpr const char* kConnectToAll =
    "import socket,sys\n"
    "for family, kind, _, _, address in "
    "socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_STREAM):\n"
    "  s = socket.socket(family, kind); s.settimeout(5); s.connect(address); print(address[0])\n";

class Docker : public GuardTest {
 protected:
  Docker() {
    // Docker translates the addresses of IPv4 only.
    for (const char* prefix6 : {"fd17::/64", "fd18::/64"})
      run({.words = {"ip", "-n", lab.net(), "route", "add", prefix6, "via", "2001:db8:77::2"}});
  }

  Finished connect(const std::string& container, const std::string& name, int port = 443) const {
    return engine.execute(container,
                          {"/usr/bin/python3", "-c", kConnectToAll, name, std::to_string(port)});
  }
  std::optional<DnsMessage> ask_from(const std::string& container, const DnsServerAddress& server,
                                     const std::string& name) const {
    return test::ask(engine.netns(container), server, {.name = name});
  }

  DockerEngine engine{lab};
};

struct Network {
  const char* name;  // for Docker
  const char* gateway4;
  const char* gateway6;
  bool has_embedded_dns;
};

class DockerNetworks : public Docker, public testing::WithParamInterface<Network> {
 protected:
  DockerNetworks() {
    if (GetParam().has_embedded_dns) engine.make_network(GetParam().name, "fd18::/64");
    engine.start("agent", GetParam().name);
  }
};

TEST_P(DockerNetworks, FindAndReachAnAllowedNameAndNoOther) {
  ASSERT_EQ(connect("agent", "github.com").exit_code, 0) << "positive control";
  ASSERT_TRUE(far_side.names_asked().contains("github.com"));
  ASSERT_GT(far_side.count(kOther4, 443), 0U);
  ASSERT_GT(far_side.count(kOther6, 443), 0U);

  const Daemon daemon(lab, guarded_policy("api.openai.com:443", kForward));
  Tap after(lab.net(), "host0");
  const Finished allowed = connect("agent", "api.openai.com");
  EXPECT_EQ(allowed.exit_code, 0) << allowed.output;
  for (const char* address : {kApi4, kApi6}) {
    EXPECT_NE(allowed.output.find(address), std::string::npos) << allowed.output;
    EXPECT_GT(after.count(address, 443), 0U) << address;
  }
  constexpr int kNotFound = 2;  // getent(1)
  const Finished other = engine.execute("agent", {"getent", "ahosts", "github.com"});
  EXPECT_EQ(other.exit_code, kNotFound) << other.output;
  EXPECT_NE(connect("agent", "secret.github.com").exit_code, 0);
  for (const std::string& asked : after.names_asked()) EXPECT_EQ(asked, "api.openai.com");
  EXPECT_FALSE(after.carried("github"));
}

TEST_P(DockerNetworks, AskNobodyButTheGuard) {
  for (const char* server : {kPublic4, kPublic6})
    ASSERT_EQ(rcode_of(ask_from("agent", {server}, "github.com")), kNoError) << server;
  ASSERT_GT(far_side.count(kPublic4, 53), 0U);
  ASSERT_GT(far_side.count(kPublic6, 53), 0U);

  const Daemon daemon(lab, guarded_policy("api.openai.com:443", kForward));
  Tap after(lab.net(), "host0");
  std::vector<std::string> servers{
      kPublic4, kPublic6, kResolver, kResolver6, GetParam().gateway4, GetParam().gateway6};
  if (GetParam().has_embedded_dns) servers.push_back(kEmbeddedDns);
  for (const std::string& server : servers) {
    for (const Over over : {Over::udp, Over::tcp}) {
      EXPECT_TRUE(is_blocked(ask_from("agent", {server, over}, "secret.github.com"))) << server;
      EXPECT_EQ(rcode_of(ask_from("agent", {server, over}, "api.openai.com")), kNoError) << server;
    }
  }
  for (const std::string& asked : after.names_asked()) EXPECT_EQ(asked, "api.openai.com");
  EXPECT_FALSE(after.carried("secret"));
  for (const char* server : {kPublic4, kPublic6}) EXPECT_EQ(after.count(server), 0U) << server;
}

TEST_P(DockerNetworks, ReachNoAddressThatIsNotAllowed) {
  const std::string& agent = engine.netns("agent");
  for (const char* address : {kOther4, kOther6, kPublic4})
    ASSERT_EQ(tcp_probe(agent, address, 443), Seen::answered) << "positive control " << address;
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", kForward));
  Tap after(lab.net(), "host0");
  for (const char* address : {kOther4, kOther6, kPublic4, kPublic6, kMetadata}) {
    EXPECT_EQ(tcp_probe(agent, address, 443), Seen::refused) << address;
    EXPECT_EQ(udp_probe(agent, address, 443), Seen::refused) << address;
    EXPECT_EQ(tcp_probe(agent, address, 853), Seen::refused) << address;
    EXPECT_EQ(after.count(address), 0U) << address;
  }
}

constexpr Network kNetworks[] = {
    {"bridge", "172.17.0.1", "fd17::1", false},
    {"agents", "172.18.0.1", "fd18::1", true},
    {"host", "127.0.0.1", "::1", false},
};
void PrintTo(const Network& network, std::ostream* out) {
  *out << network.name;
}
INSTANTIATE_TEST_SUITE_P(Of, DockerNetworks, testing::ValuesIn(kNetworks),
                         [](const auto& network) { return std::string(network.param.name); });

// The network comes after egressd, as with `docker compose up`.
TEST_F(Docker, NeighboursFindAndReachEachOtherByName) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443", kForward));
  engine.make_network("agents", "fd18::/64");
  engine.start("agent", "agents");
  engine.start("database", "agents");
  const TcpServer database(engine.netns("database"), {5432});
  Tap after(lab.net(), "host0");

  const Finished reached = connect("agent", "database", 5432);
  EXPECT_EQ(reached.exit_code, 0) << reached.output;
  EXPECT_NE(reached.output.find("172.18.0.3"), std::string::npos) << reached.output;
  EXPECT_NE(reached.output.find("fd18::3"), std::string::npos) << reached.output;
  EXPECT_FALSE(after.carried("database"));

  EXPECT_EQ(connect("agent", "api.openai.com").exit_code, 0);
  EXPECT_TRUE(is_blocked(ask_from("agent", {kEmbeddedDns}, "secret.github.com")));
  EXPECT_EQ(tcp_probe(engine.netns("agent"), kOther4, 443), Seen::refused);
  EXPECT_FALSE(after.carried("secret"));
}

// Docker leaves CAP_NET_RAW to containers; what they make by hand enters by the bridge all the
// same.
constexpr const char* kSendByHand =
    "import socket,struct,sys\n"
    "gateway = bytes.fromhex(open('/proc/net/arp').readlines()[1].split()[3].replace(':', ''))\n"
    "udp = struct.pack('!HHHH', 4000, int(sys.argv[2]), 14, 0) + b'byhand'\n"
    "ip = struct.pack('!BBHHHBBH4s4s', 69, 0, 34, 1, 0, 64, 17, 0,\n"
    "  socket.inet_aton('172.17.0.2'), socket.inet_aton(sys.argv[1]))\n"
    "total = sum(struct.unpack('!10H', ip)); total = (total & 65535) + (total >> 16)\n"
    "ip = ip[:10] + struct.pack('!H', ~total & 65535) + ip[12:]\n"
    "link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)\n"
    "link.sendto(ip + udp, ('eth0', 0x0800, 0, 0, gateway))\n";

TEST_F(Docker, PacketsMadeByHandGoNoFurther) {
  engine.start("agent", "bridge");
  const auto send_by_hand = [&](const char* port) {
    const Finished sent =
        engine.execute("agent", {"/usr/bin/python3", "-c", kSendByHand, kOther4, port});
    ASSERT_EQ(sent.exit_code, 0) << sent.output;
  };
  ASSERT_EQ(tcp_probe(engine.netns("agent"), kOther4, 443), Seen::answered);
  for (const char* port : {"53", "4000"}) {
    Tap before(lab.net(), "host0");
    send_by_hand(port);
    ASSERT_TRUE(eventually([&] { return before.carried("byhand"); }))
        << "positive control " << port;
  }

  const Daemon daemon(lab, guarded_policy("api.openai.com:443", kForward));
  Tap after(lab.net(), "host0");
  for (const char* port : {"53", "4000"}) send_by_hand(port);
  ASSERT_EQ(connect("agent", "api.openai.com").exit_code, 0);
  EXPECT_GT(after.count(kApi4, 443), 0U) << "later than what was made by hand";
  EXPECT_FALSE(after.carried("byhand"));
}

// The host's own connections to containers, and what Docker's proxy makes of others, are the host's
// own affair unless the policy says otherwise.
TEST_F(Docker, APublishedPortIsServedToOthersAndToTheHost) {
  engine.start("web", "bridge", {"--publish", "8080:80"});
  const TcpServer web(engine.netns("web"), {80});
  const auto serves = [](const std::string& client, const char* address, std::uint16_t port) {
    return eventually([&] { return Connection(client, address, port).receive_for(200ms) > 0; });
  };
  const auto serves_through_proxy = [&] {
    return serves(lab.host(), "127.0.0.1", 8080) && serves(lab.net(), "2001:db8:77::2", 8080);
  };
  ASSERT_TRUE(serves(lab.net(), "10.77.0.2", 8080));
  ASSERT_TRUE(serves_through_proxy());
  ASSERT_EQ(tcp("172.17.0.2", 80), Seen::answered);

  const Daemon daemon(lab, guarded_policy("api.openai.com:443", kForward));
  EXPECT_TRUE(serves(lab.net(), "10.77.0.2", 8080));
  EXPECT_EQ(tcp("172.17.0.2", 80), Seen::answered);
  EXPECT_TRUE(serves_through_proxy());

  const std::string judged = "\nservices: { guests: false }\n";
  daemon.write_policy(guarded_policy("api.openai.com:443", kForward + judged));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_TRUE(serves(lab.net(), "10.77.0.2", 8080));
  EXPECT_EQ(tcp("172.17.0.2", 80), Seen::refused);
  EXPECT_EQ(Connection(lab.host(), "127.0.0.1", 8080).receive_for(1s), 0U);

  for (const char* containers : {"172.17.0.0/16:80", "[fd17::/64]:80"}) {
    const Finished allow = daemon.egressctl({"allow", containers});
    ASSERT_EQ(allow.exit_code, 0) << allow.output;
  }
  EXPECT_EQ(tcp("172.17.0.2", 80), Seen::answered);
  EXPECT_TRUE(serves_through_proxy());
}

}  // namespace
}  // namespace egress::test
