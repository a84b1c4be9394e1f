#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "adapters/file_descriptor.hpp"
#include "adapters/host/networks.hpp"
#include "adapters/host/sessions.hpp"
#include "unit/adapters/private_network.hpp"

namespace egress::host {
namespace {

// A listener on loopback at a port of the kernel's choice, as long as it lives.
class Listener {
 public:
  Listener(int family, bool is_at_any) : family_(family) {
    fd_ = FileDescriptor(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 at = address(is_at_any);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(listen(fd_.get(), 8), 0);
    sockaddr_in6 bound{};
    socklen_t size = sizeof bound;
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = ntohs(bound.sin6_port);  // at the same place for IPv4
  }
  // From a socket of this family.
  FileDescriptor connect_from(int family) const {
    FileDescriptor client(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port_);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port_);
    v6.sin6_addr = in6addr_loopback;
    const bool is_v4 = family == AF_INET;
    EXPECT_EQ(connect(client.get(),
                      is_v4 ? reinterpret_cast<const sockaddr*>(&v4)
                            : reinterpret_cast<const sockaddr*>(&v6),
                      is_v4 ? sizeof v4 : sizeof v6),
              0);
    return client;
  }
  FileDescriptor accept_one() const { return FileDescriptor(accept(fd_.get(), nullptr, nullptr)); }
  void stop() { fd_ = FileDescriptor(); }
  Port port() const { return port_; }

 private:
  sockaddr_in6 address(bool is_at_any) const {
    sockaddr_in6 made{};
    if (family_ == AF_INET6) {
      made.sin6_family = AF_INET6;
      made.sin6_addr = is_at_any ? in6addr_any : in6addr_loopback;
      return made;
    }
    auto& v4 = reinterpret_cast<sockaddr_in&>(made);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(is_at_any ? INADDR_ANY : INADDR_LOOPBACK);
    return made;
  }
  int family_;
  FileDescriptor fd_;
  Port port_ = 0;
};

class TcpSessionsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::enter_private_network(); }
  // The two ends of each connection of this namespace, the inbound one first.
  static std::vector<TcpSession> ends(Port port) {
    std::vector<TcpSession> found = tcp_sessions().value();
    std::erase_if(found, [&](const TcpSession& session) {
      return session.local.port != port && session.peer.port != port;
    });
    std::ranges::sort(found,
                      [](const auto& a, const auto& b) { return a.is_inbound > b.is_inbound; });
    return found;
  }
};

TEST_F(TcpSessionsTest, WhoBeganIsToldByWhoListens) {
  struct Way {
    int listener, client;
    bool is_at_any;
    const char* address;
  };
  for (const Way& way :
       {Way{AF_INET, AF_INET, true, "127.0.0.1"}, Way{AF_INET, AF_INET, false, "127.0.0.1"},
        Way{AF_INET6, AF_INET6, true, "::1"}, Way{AF_INET6, AF_INET6, false, "::1"},
        Way{AF_INET6, AF_INET, true, "127.0.0.1"}}) {
    const Listener listener(way.listener, way.is_at_any);
    const FileDescriptor client = listener.connect_from(way.client);
    const FileDescriptor server = listener.accept_one();
    const auto found = ends(listener.port());
    ASSERT_EQ(found.size(), 2U);
    EXPECT_TRUE(found[0].is_inbound);
    EXPECT_FALSE(found[1].is_inbound);
    EXPECT_EQ(found[0].local,
              (Endpoint{*IpAddress::parse(way.address), Transport::tcp, listener.port()}));
    EXPECT_EQ(found[0].local, found[1].peer);
    EXPECT_EQ(found[0].peer, found[1].local);
  }
}

TEST_F(TcpSessionsTest, OneWhoseEndHasBegunIsStillOne) {
  const Listener listener(AF_INET, true);
  const FileDescriptor client = listener.connect_from(AF_INET);
  const FileDescriptor server = listener.accept_one();
  shutdown(server.get(), SHUT_WR);
  EXPECT_EQ(ends(listener.port()).size(), 2U) << "FIN-WAIT-2 and CLOSE-WAIT";
}

// It cannot be told apart from one that began here.
TEST_F(TcpSessionsTest, WithoutItsListenerNoneIsInbound) {
  Listener listener(AF_INET, true);
  const FileDescriptor client = listener.connect_from(AF_INET);
  const FileDescriptor server = listener.accept_one();
  listener.stop();
  const auto found = ends(listener.port());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_FALSE(found[0].is_inbound);
}

class NetworksTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::enter_private_network(); }
};

TEST_F(NetworksTest, AreListedWithTheirInterface) {
  ASSERT_EQ(system("ip link add left type veth peer name right && ip link set left up &&"
                   " ip link set right up && ip addr add 192.0.2.1/24 dev left &&"
                   " ip addr add 2001:db8:5::1/64 dev left nodad && ip route add 198.51.100.0/25 "
                   "via 192.0.2.2 &&"
                   " ip route add default via 192.0.2.2"),
            0);
  std::vector<std::string> behind_left;
  const auto found = networks();
  ASSERT_TRUE(found);
  for (const Network& network : *found) {
    EXPECT_GT(network.prefix.length(), 0);
    if (network.interface == "left") behind_left.push_back(network.prefix.text());
  }
  EXPECT_THAT(behind_left,
              testing::IsSupersetOf({"192.0.2.0/24", "198.51.100.0/25", "2001:db8:5::/64"}));
  EXPECT_EQ(system("ip link del left"), 0);
}

}  // namespace
}  // namespace egress::host
