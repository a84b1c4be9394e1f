#include <gtest/gtest.h>

#include <tuple>

#include "adapters/dns_listener/datagram_writer.hpp"
#include "support/child_process.hpp"
#include "support/netns.hpp"
#include "unit/adapters/dns_listener_fixture.hpp"

namespace egress::dns_listener {
namespace {

TEST_F(DnsListenerTest, AnswersOverUdpInBothFamilies) {
  for (const std::string address : {"127.0.0.1", "::1"}) {
    const Socket client(SOCK_DGRAM, address);
    client.send(message(7));
    turn();
    EXPECT_EQ(client.receive(), message(7)) << address;
    ASSERT_EQ(asked_.size(), 1u);
    EXPECT_EQ(asked_[0].client.address, ip(address));
    EXPECT_EQ(asked_[0].client.local, ip(address));
    EXPECT_EQ(asked_[0].client.port, client.port());
    EXPECT_EQ(asked_[0].client.transport, Transport::udp);
    asked_.clear();
  }
  EXPECT_EQ(tally().received, 2u);
  EXPECT_EQ(tally().sent, 2u);
  EXPECT_EQ(tally().dropped, 0u);
}

// The route back would choose the client's own address as the source.
TEST_F(DnsListenerTest, ADatagramIsAnsweredFromTheAddressThatWasAsked) {
  for (const auto& [asked, from] : {std::tuple{"192.0.2.2", "192.0.2.1"},
                                    {"2001:db8::2", "2001:db8::1"},
                                    {"127.0.0.1", "127.0.0.1"},
                                    {"127.7.7.7", "127.0.0.1"}}) {
    const Socket client(SOCK_DGRAM, asked, from);
    client.send(message(7));
    turn();
    EXPECT_EQ(client.receive(), message(7)) << asked;
    EXPECT_EQ(asked_.back().client.local, ip(asked));
    EXPECT_EQ(asked_.back().client.address, ip(from));
  }
}

// fe80:: addresses mean nothing without the interface, there and back.
TEST_F(DnsListenerTest, LinkLocalClientsAreAnsweredOnTheirInterface) {
  const test::NetworkNamespace other;
  for (const std::string& command :
       {"link add g0 type veth peer name c0 netns " + other.name(), std::string("link set g0 up"),
        std::string("address add fe80::1/64 dev g0 nodad")})
    ASSERT_EQ(test::run({.words = {"sh", "-c", "ip " + command}}).exit_code, 0) << command;
  other.run("ip link set c0 up; ip address add fe80::2/64 dev c0 nodad");
  const FileDescriptor client(test::in_namespace(other.name(), [] {
    sockaddr_in6 guard{};
    guard.sin6_family = AF_INET6;
    guard.sin6_port = htons(kPort);
    guard.sin6_scope_id = if_nametoindex("c0");
    guard.sin6_addr.s6_addr[0] = 0xfe;
    guard.sin6_addr.s6_addr[1] = 0x80;
    guard.sin6_addr.s6_addr[15] = 1;
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&guard), sizeof guard), 0);
    return fd;
  }));
  const timeval patience{2, 0};
  setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  other.await_link("c0");
  const Octets question = message(7);
  ASSERT_EQ(send(client.get(), question.data(), question.size(), 0), 40);
  turns();
  Octets answer(100);
  EXPECT_EQ(recv(client.get(), answer.data(), answer.size(), 0), 40);
  EXPECT_EQ(asked_.at(0).client.local, ip("fe80::1"));
}

TEST_F(DnsListenerTest, ABurstOfAThousandIsAnsweredWhole) {
  const Socket v4(SOCK_DGRAM, "127.0.0.1");
  const Socket v6(SOCK_DGRAM, "::1");
  const int room = 4 << 20;
  for (const Socket* client : {&v4, &v6})
    ASSERT_EQ(setsockopt(client->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room), 0);
  for (unsigned i = 0; i < 500; ++i) {
    v4.send(message(i, 512));
    v6.send(message(i, 512));
  }
  turns();
  for (unsigned i = 0; i < 500; ++i) {
    ASSERT_EQ(v4.receive(MSG_DONTWAIT), message(i, 512)) << i;
    ASSERT_EQ(v6.receive(MSG_DONTWAIT), message(i, 512)) << i;
  }
  EXPECT_EQ(tally().sent, 1000u);
}

TEST_F(DnsListenerTest, OneTurnTakesNoMoreThanItsLimitAndSharesItFairly) {
  const Socket v4(SOCK_DGRAM, "127.0.0.1");
  const Socket v6(SOCK_DGRAM, "::1");
  for (unsigned i = 0; i <= limits::kDatagramsPerTurn; ++i) v4.send(message(i));
  for (unsigned i = 0; i < limits::kDatagramsPerTurn; ++i) v6.send(message(i));
  turn();
  EXPECT_EQ(asked_.size(), limits::kDatagramsPerTurn);
  const auto of_v4 = std::ranges::count_if(
      asked_, [](const Asked& asked) { return asked.client.address.is_v4(); });
  EXPECT_EQ(static_cast<std::size_t>(of_v4), limits::kDatagramsPerTurn / 2);
  turn();
  EXPECT_EQ(asked_.size(), limits::kDatagramsPerTurn * 2);
  EXPECT_TRUE(has_work());
  turn();
  EXPECT_EQ(asked_.size(), limits::kDatagramsPerTurn * 2 + 1);
  EXPECT_FALSE(has_work());
}

TEST_F(DnsListenerTest, DatagramsTooLongOrTooShortForAQuestionAreDropped) {
  const Socket client(SOCK_DGRAM, "127.0.0.1");
  client.send(message(1, 4096));
  client.send(message(2, 4097));
  client.send(message(3, 65'000));
  client.send(message(4, 12));
  client.send(message(5, 11));
  client.send({});
  client.send(message(6));
  turn();
  EXPECT_EQ(asked_,
            (std::vector<Asked>{{{}, message(1, 4096)}, {{}, message(4, 12)}, {{}, message(6)}}));
  EXPECT_EQ(tally().received, 3u);
  EXPECT_EQ(tally().dropped, 4u);
}

// Replies that cannot be sent, between others that can: each costs only itself.
TEST_F(DnsListenerTest, AReplyThatCannotBeSentLosesNoOther) {
  echoes_ = false;
  const Socket client(SOCK_DGRAM, "127.0.0.1");
  client.send(message(0));
  turn();
  const Client good = asked_.at(0).client;
  Client unreachable = good;
  unreachable.address = ip("203.0.113.1");
  Client to_no_port = good;
  to_no_port.port = 0;
  Client from_strange_address = good;
  from_strange_address.local = ip("203.0.113.9");
  for (unsigned i = 0; i < 70; ++i) {
    listener_.reply(good, message(i));
    for (const Client& bad : {unreachable, to_no_port, from_strange_address})
      listener_.reply(bad, message(i));
    listener_.reply(good, message(1000 + i, 65'520));  // EMSGSIZE
  }
  listener_.flush(now_);
  for (unsigned i = 0; i < 70; ++i) ASSERT_EQ(client.receive(MSG_DONTWAIT), message(i));
  EXPECT_EQ(tally().sent, 70u);
  EXPECT_EQ(tally().dropped, 280u);
}

// Replies that queue up over a turn are sent when they reach the limit, not kept without bound.
TEST_F(DnsListenerTest, ManyRepliesInOneTurnAreAllSent) {
  echoes_ = false;
  const Socket client(SOCK_DGRAM, "127.0.0.1");
  client.send(message(0));
  turn();
  for (unsigned i = 0; i < 3000; ++i) listener_.reply(asked_.at(0).client, message(i));
  for (unsigned i = 0; i < 50; ++i) listener_.reply(asked_.at(0).client, message(i, 60'000));
  EXPECT_GT(tally().sent, 2000u) << "some leave before flush()";
  listener_.flush(now_);
  EXPECT_EQ(tally().sent, 3050u);
}

// The messages to a neighbour that does not answer fill the socket's buffer.
TEST_F(DnsListenerTest, WhatAFullSocketDoesNotTakeIsDropped) {
  ASSERT_EQ(test::run({.words = {"sh", "-ec",
                                 "ip link add q0 type veth peer name q1; ip link set q0 up;"
                                 "ip link set q1 up; ip address add 198.51.100.1/24 dev q0"}})
                .exit_code,
            0);
  const FileDescriptor small(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int smallest = 1;
  ASSERT_EQ(setsockopt(small.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest), 0);
  DnsListener::Tally counted;
  DatagramWriter writer(small.get(), AF_INET, counted);
  const Client silent{ip("198.51.100.9"), 53, ip("198.51.100.1"), Transport::udp, 0};
  for (unsigned i = 0; i < 200; ++i) writer.queue(silent, message(i, 1000));
  writer.send();
  EXPECT_GT(counted.sent, 0u);
  EXPECT_GT(counted.dropped, 100u);
  EXPECT_EQ(counted.sent + counted.dropped, 200u);
  writer.send();
  EXPECT_EQ(counted.sent + counted.dropped, 200u) << "they are gone";
}

TEST_F(DnsListenerTest, RepliesToNobodyAreDropped) {
  Client nobody;
  nobody.handle = std::uint64_t{17} << 32;
  listener_.reply(nobody, message(1));
  nobody.transport = Transport::tcp;
  for (const std::uint64_t handle : {0u, 1u, 2u, 1000u}) {
    nobody.handle = handle;
    listener_.reply(nobody, message(1));
  }
  listener_.flush(now_);
  EXPECT_EQ(tally().dropped, 5u);
  EXPECT_EQ(tally().sent, 0u);
}

TEST_F(DnsListenerTest, NothingToDoMeansNoDeadlineAndNoWork) {
  EXPECT_EQ(listener_.next_deadline(), kNever);
  EXPECT_FALSE(has_work());
  listener_.dispatch(now_);
  listener_.flush(now_);
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace egress::dns_listener
