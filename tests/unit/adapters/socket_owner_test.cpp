#include "adapters/dns_listener/socket_owner.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "support/address.hpp"
#include "unit/adapters/loopback.hpp"
#include "unit/adapters/private_network.hpp"
#include "unit/control/as_user.hpp"

namespace egress::dns_listener {
namespace {

constexpr uid_t kAlice = 4001;
constexpr uid_t kBob = 4002;

// A socket that some user has opened.
class Opened {
 public:
  Opened(uid_t uid, int domain, int type) {
    const control::AsUser user(uid, uid, {});
    fd_ = FileDescriptor(socket(domain, type | SOCK_CLOEXEC, 0));
    const int on = 1;
    EXPECT_EQ(setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  }
  Opened&& bind(const std::string& address, Port port) && {
    const test::SocketAddress own(address, port);
    EXPECT_EQ(::bind(fd_.get(), own.get(), own.length), 0) << address << strerror(errno);
    return std::move(*this);
  }
  Opened&& connect(const std::string& address, Port port) && {
    const test::SocketAddress peer(address, port);
    EXPECT_EQ(::connect(fd_.get(), peer.get(), peer.length), 0) << address << strerror(errno);
    return std::move(*this);
  }
  Opened&& listen() && {
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    return std::move(*this);
  }
  int fd() const { return fd_.get(); }
  Port port() const {
    sockaddr_in6 own{};
    socklen_t length = sizeof own;
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &length);
    return ntohs(own.sin6_port);
  }

 private:
  FileDescriptor fd_;
};

class SocketOwnerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    test::enter_private_network();
    // 203.0.113.1 and 2001:db8::53 play the servers that programs believe to talk to.
    for (const std::string address : {"192.0.2.1", "203.0.113.1", "2001:db8::1", "2001:db8::53"})
      test::add_to_loopback(address);
  }
  std::optional<uid_t> udp(const std::string& address, Port port) {
    return owner_.uid_of({*IpAddress::parse(address), port, {}, Transport::udp, 0});
  }
  std::optional<uid_t> tcp(const std::string& address, Port port) {
    return owner_.uid_of({*IpAddress::parse(address), port, {}, Transport::tcp, 0});
  }

  SocketOwner owner_ = SocketOwner::open().value();
};

TEST_F(SocketOwnerTest, UdpConnectedToTheServerThatWasRedirected) {
  const auto v4 =
      Opened(kAlice, AF_INET, SOCK_DGRAM).bind("192.0.2.1", 0).connect("203.0.113.1", 53);
  const auto v6 =
      Opened(kBob, AF_INET6, SOCK_DGRAM).bind("2001:db8::1", 0).connect("2001:db8::53", 53);
  EXPECT_EQ(udp("192.0.2.1", v4.port()), kAlice);
  EXPECT_EQ(udp("2001:db8::1", v6.port()), kBob);
  EXPECT_EQ(udp("127.0.0.1", v4.port()), std::nullopt) << "bound to another address";
  EXPECT_EQ(tcp("192.0.2.1", v4.port()), std::nullopt);
}

TEST_F(SocketOwnerTest, UdpNotConnected) {
  const auto v4 = Opened(kAlice, AF_INET, SOCK_DGRAM).bind("0.0.0.0", 0);
  const auto v6 = Opened(kBob, AF_INET6, SOCK_DGRAM).bind("::", 0);
  EXPECT_EQ(udp("127.0.0.1", v4.port()), kAlice);
  EXPECT_EQ(udp("192.0.2.1", v4.port()), kAlice);
  EXPECT_EQ(udp("2001:db8::1", v6.port()), kBob);
  EXPECT_EQ(udp("192.0.2.1", v6.port()), kBob) << "an IPv6 socket that speaks IPv4";
}

// Whatever the port: the host's sockets cannot have sent from there.
TEST_F(SocketOwnerTest, AContainerHasNoUserHere) {
  const auto v4 = Opened(kAlice, AF_INET, SOCK_DGRAM).bind("0.0.0.0", 0);
  const auto v6 = Opened(kBob, AF_INET6, SOCK_DGRAM).bind("::", 0);
  EXPECT_EQ(udp("172.17.0.2", v4.port()), std::nullopt);
  EXPECT_EQ(udp("fd00::2", v6.port()), std::nullopt);
}

TEST_F(SocketOwnerTest, Ipv6SocketsThatSpeakIpv4) {
  const auto server = Opened(0, AF_INET, SOCK_STREAM).bind("203.0.113.1", 53).listen();
  const auto asks = Opened(kAlice, AF_INET6, SOCK_DGRAM)
                        .bind("::ffff:192.0.2.1", 0)
                        .connect("::ffff:203.0.113.1", 53);
  const auto streams = Opened(kBob, AF_INET6, SOCK_STREAM)
                           .bind("::ffff:192.0.2.1", 0)
                           .connect("::ffff:203.0.113.1", 53);
  EXPECT_EQ(udp("192.0.2.1", asks.port()), kAlice);
  EXPECT_EQ(tcp("192.0.2.1", streams.port()), kBob);
}

TEST_F(SocketOwnerTest, Tcp) {
  const auto server4 = Opened(0, AF_INET, SOCK_STREAM).bind("203.0.113.1", 53).listen();
  const auto server6 = Opened(0, AF_INET6, SOCK_STREAM).bind("2001:db8::53", 53).listen();
  const auto v4 =
      Opened(kAlice, AF_INET, SOCK_STREAM).bind("192.0.2.1", 0).connect("203.0.113.1", 53);
  const auto v6 =
      Opened(kBob, AF_INET6, SOCK_STREAM).bind("2001:db8::1", 0).connect("2001:db8::53", 53);
  EXPECT_EQ(tcp("192.0.2.1", v4.port()), kAlice);
  EXPECT_EQ(tcp("2001:db8::1", v6.port()), kBob);
  EXPECT_EQ(udp("192.0.2.1", v4.port()), std::nullopt);
  EXPECT_EQ(tcp("203.0.113.1", 53), 0u) << "the server's end of the connection";
}

// A source port may be in use towards several places at once.
TEST_F(SocketOwnerTest, OfSeveralTcpConnectionsFromOnePortTheOneToADnsServer) {
  const auto server = Opened(0, AF_INET, SOCK_STREAM).bind("203.0.113.1", 53).listen();
  const auto web = Opened(0, AF_INET, SOCK_STREAM).bind("203.0.113.1", 443).listen();
  const auto asks =
      Opened(kAlice, AF_INET, SOCK_STREAM).bind("192.0.2.1", 20'000).connect("203.0.113.1", 53);
  const auto surfs =
      Opened(kBob, AF_INET, SOCK_STREAM).bind("192.0.2.1", 20'000).connect("203.0.113.1", 443);
  EXPECT_EQ(tcp("192.0.2.1", 20'000), kAlice);
}

TEST_F(SocketOwnerTest, SeveralUsersWhoFitEquallyAreNobody) {
  const auto alice = Opened(kAlice, AF_INET, SOCK_DGRAM).bind("0.0.0.0", 20'001);
  EXPECT_EQ(udp("127.0.0.1", 20'001), kAlice);
  {
    const auto again = Opened(kAlice, AF_INET, SOCK_DGRAM).bind("0.0.0.0", 20'001);
    EXPECT_EQ(udp("127.0.0.1", 20'001), kAlice);
    const auto bob = Opened(kBob, AF_INET, SOCK_DGRAM).bind("0.0.0.0", 20'001);
    EXPECT_EQ(udp("127.0.0.1", 20'001), std::nullopt);
  }
  EXPECT_EQ(udp("127.0.0.1", 20'001), kAlice);
  const auto exact = Opened(kBob, AF_INET, SOCK_DGRAM).bind("127.0.0.1", 20'001);
  EXPECT_EQ(udp("127.0.0.1", 20'001), kBob) << "the kernel, too, prefers the bound address";
  EXPECT_EQ(udp("127.0.0.2", 20'001), kAlice);
}

TEST_F(SocketOwnerTest, NobodyHasThePort) {
  EXPECT_EQ(udp("127.0.0.1", 20'002), std::nullopt);
  EXPECT_EQ(udp("::1", 20'002), std::nullopt);
  EXPECT_EQ(tcp("127.0.0.1", 20'002), std::nullopt);
  EXPECT_EQ(tcp("::1", 20'002), std::nullopt);
}

// More answers than one message of the kernel holds.
TEST_F(SocketOwnerTest, OneOfManySocketsWithTheSamePort) {
  std::vector<Opened> others;
  for (int i = 0; i < 900; ++i)
    others.push_back(
        Opened(kBob, AF_INET, SOCK_DGRAM)
            .bind("127.0." + std::to_string(1 + i / 200) + "." + std::to_string(1 + i % 200),
                  20'003));
  const auto alice = Opened(kAlice, AF_INET, SOCK_DGRAM).bind("127.1.0.1", 20'003);
  EXPECT_EQ(udp("127.1.0.1", 20'003), kAlice);
  EXPECT_EQ(udp("127.0.5.100", 20'003), kBob);
  EXPECT_EQ(udp("127.2.0.1", 20'003), std::nullopt);
}

TEST_F(SocketOwnerTest, NeedsNoPrivilege) {
  const auto asks = Opened(kAlice, AF_INET, SOCK_DGRAM).connect("127.0.0.1", 53);
  const control::AsUser user(kBob, kBob, {});
  auto unprivileged = SocketOwner::open().value();
  EXPECT_EQ(
      unprivileged.uid_of({*IpAddress::parse("127.0.0.1"), asks.port(), {}, Transport::udp, 0}),
      kAlice);
}

// The two ends of a connection on loopback, as the one who has accepted it sees them.
TEST_F(SocketOwnerTest, OfAnAcceptedConnection) {
  for (const auto& [domain, address] : {std::pair{AF_INET, "127.0.0.1"}, {AF_INET6, "::1"}}) {
    const auto server = Opened(0, domain, SOCK_STREAM).bind(address, 0).listen();
    const auto other =
        Opened(kBob, domain, SOCK_STREAM).bind(address, 0).connect(address, server.port());
    auto client = std::optional(
        Opened(kAlice, domain, SOCK_STREAM).bind(address, 0).connect(address, server.port()));
    const Client seen{*IpAddress::parse(address), client->port(), {}, Transport::tcp, 0};
    const FileDescriptor first(accept4(server.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    const FileDescriptor accepted(accept4(server.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_EQ(owner_.uid_of_connection(accepted.get(), seen), kAlice);
    Client elsewhere = seen;
    elsewhere.address = *IpAddress::parse(domain == AF_INET ? "172.17.0.2" : "fd00::2");
    EXPECT_EQ(owner_.uid_of_connection(accepted.get(), elsewhere), std::nullopt) << "a container";
    client.reset();
    EXPECT_EQ(owner_.uid_of_connection(accepted.get(), seen), std::nullopt)
        << "closed: nobody's any more, and not root's";
  }
}

}  // namespace
}  // namespace egress::dns_listener
