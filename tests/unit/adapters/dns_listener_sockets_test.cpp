#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <stdexcept>
#include <thread>
#include <tuple>

#include "unit/adapters/dns_listener_fixture.hpp"

namespace egress::dns_listener {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void ignore(const Client&, std::span<const std::uint8_t>) {}

// A socket as systemd would hand it over.
int bound(const std::string& address, int type, Port port = kPort, bool is_listening = true) {
  const test::SocketAddress own(address, port);
  const int fd = socket(own.family(), type, 0);
  if (bind(fd, own.get(), own.length) != 0) throw std::runtime_error("bind " + address);
  if (type == SOCK_STREAM && is_listening) listen(fd, 16);
  return fd;
}

std::string error_of(std::vector<int> descriptors) {
  const auto adopted = DnsListener::adopt(std::move(descriptors), ignore);
  return adopted ? "" : adopted.error().message;
}

// The thread's further attempts to open an IPv6 socket fail as they do on a kernel without IPv6.
void lose_ipv6() {
  const auto domain = static_cast<std::uint32_t>(offsetof(seccomp_data, args[0]));
  const auto number = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, domain),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

class DnsSocketsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::enter_private_network(); }
};

TEST_F(DnsSocketsTest, APortInUseIsNamedWithWhatToDo) {
  for (const auto& [address, type, where] : {std::tuple{"0.0.0.0", SOCK_DGRAM, "udp 0.0.0.0:10053"},
                                             {"127.0.0.1", SOCK_STREAM, "tcp 0.0.0.0:10053"},
                                             {"::1", SOCK_DGRAM, "udp [::]:10053"},
                                             {"::1", SOCK_STREAM, "tcp [::]:10053"}}) {
    const FileDescriptor holder(bound(address, type));
    const auto opened = DnsListener::open(kPort, ignore);
    ASSERT_FALSE(opened) << where;
    EXPECT_THAT(opened.error().message,
                AllOf(HasSubstr(where), HasSubstr("another program"), HasSubstr("stop it")));
  }
}

TEST_F(DnsSocketsTest, APortIsTakenOnceAndFreeAgainAfterwards) {
  auto first = DnsListener::open(kPort, ignore);
  ASSERT_TRUE(first);
  EXPECT_FALSE(DnsListener::open(kPort, ignore));
  first = fail("gone");
  EXPECT_TRUE(DnsListener::open(kPort, ignore));
}

TEST_F(DnsSocketsTest, AHostWithoutIpv6IsServedOverIpv4) {
  std::thread([] {
    lose_ipv6();
    std::size_t asked = 0;
    auto listener = DnsListener::open(kPort, [&](const Client&, auto) { ++asked; });
    ASSERT_TRUE(listener) << listener.error().message;
    Socket(SOCK_DGRAM, "127.0.0.1").send(message(1));
    listener->dispatch(Instant(seconds(1)));
    EXPECT_EQ(asked, 1u);
  }).join();
}

TEST_F(DnsSocketsTest, SocketsOfAllKindsAreTakenOverInAnyOrder) {
  std::vector<Client> asked;
  std::vector<int> sockets;
  for (const std::string address : {"127.0.0.1", "::1"})
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) sockets.push_back(bound(address, type));
  auto listener =
      DnsListener::adopt(sockets, [&](const Client& client, auto) { asked.push_back(client); });
  ASSERT_TRUE(listener) << listener.error().message;
  for (const int fd : sockets) {
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  }
  std::vector<Socket> clients;
  for (const std::string address : {"127.0.0.1", "::1"})
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) clients.emplace_back(type, address);
  for (std::size_t i = 0; i < clients.size(); ++i)
    clients[i].send(i % 2 == 0 ? framed(message(1)) : message(1));
  for (int i = 0; i < 3; ++i) listener->dispatch(Instant(seconds(1)));
  EXPECT_EQ(asked.size(), 4u);
}

// A dual-stack socket (systemd's default for [::]) shows IPv4 clients as mapped addresses.
TEST_F(DnsSocketsTest, Ipv4ClientsOfADualStackSocketAreIpv4) {
  std::vector<Client> asked;
  DnsListener* self = nullptr;
  auto listener = DnsListener::adopt({bound("::", SOCK_DGRAM), bound("::", SOCK_STREAM)},
                                     [&](const Client& client, auto octets) {
                                       asked.push_back(client);
                                       self->reply(client, octets);
                                     });
  ASSERT_TRUE(listener) << listener.error().message;
  self = &*listener;
  const Socket udp(SOCK_DGRAM, "127.7.7.7", "127.0.0.1");
  const Socket tcp(SOCK_STREAM, "127.7.7.7", "127.0.0.1");
  udp.send(message(1));
  tcp.send(framed(message(2)));
  for (int i = 0; i < 3; ++i) {
    listener->dispatch(Instant(seconds(1)));
    listener->flush(Instant(seconds(1)));
  }
  EXPECT_EQ(udp.receive(), message(1));
  EXPECT_EQ(tcp.receive_frame(), message(2));
  ASSERT_EQ(asked.size(), 2u);
  for (const Client& client : asked) {
    EXPECT_EQ(client.address, ip("127.0.0.1"));
    EXPECT_EQ(client.local, ip("127.7.7.7"));
  }
}

TEST_F(DnsSocketsTest, WhatIsNoDnsSocketIsRefusedByName) {
  EXPECT_THAT(error_of({}), HasSubstr("no sockets for DNS were handed over"));
  EXPECT_THAT(error_of({1'000'000}), HasSubstr("descriptor 1000000 is not a socket"));
  EXPECT_THAT(error_of({open("/dev/null", O_RDONLY)}), HasSubstr("is not a socket"));
  EXPECT_THAT(error_of({socket(AF_UNIX, SOCK_DGRAM, 0)}), HasSubstr("neither an IPv4 nor an IPv6"));
  EXPECT_THAT(error_of({socket(AF_INET, SOCK_RAW, IPPROTO_UDP)}), HasSubstr("neither a UDP nor"));
  EXPECT_THAT(error_of({socket(AF_INET, SOCK_DGRAM, 0)}), HasSubstr("is not bound"));
  EXPECT_THAT(error_of({bound("127.0.0.1", SOCK_STREAM, kPort, false)}),
              HasSubstr("not listening"));
  const int connected = bound("127.0.0.1", SOCK_DGRAM);
  const test::SocketAddress peer("127.0.0.1", 53);
  connect(connected, peer.get(), peer.length);
  EXPECT_THAT(error_of({connected}), HasSubstr("connected to one peer"));
}

TEST_F(DnsSocketsTest, OneWrongSocketClosesAll) {
  const int good = bound("127.0.0.1", SOCK_DGRAM);
  EXPECT_NE(error_of({good, socket(AF_UNIX, SOCK_DGRAM, 0)}), "");
  EXPECT_EQ(fcntl(good, F_GETFD), -1);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace egress::dns_listener
