// What a TCP client may take of the listener: each limit at the limit and one past it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <filesystem>
#include <iterator>

#include "adapters/dns_listener/tcp_connection.hpp"
#include "unit/adapters/dns_listener_fixture.hpp"

namespace egress::dns_listener {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class DnsLimitsTest : public DnsListenerTest {
 protected:
  void pass(milliseconds time) {
    now_ += time;
    listener_.dispatch(now_);
    listener_.flush(now_);
  }
  std::vector<Socket> connect(std::size_t count, const std::string& from) {
    std::vector<Socket> clients;
    for (std::size_t i = 0; i < count; ++i) clients.emplace_back(SOCK_STREAM, "127.0.0.1", from);
    turns();
    return clients;
  }
  static std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  }
};

std::ptrdiff_t cut_off(const std::vector<Socket>& clients) {
  return std::ranges::count_if(clients, &Socket::is_cut_off);
}

TEST_F(DnsLimitsTest, ConnectionsOfOneAddressBehindALink) {
  const auto first = connect(limits::kDnsConnectionsPerClient, "127.0.0.1");
  EXPECT_EQ(cut_off(first), 0);
  const auto second = connect(2, "127.0.0.1");
  EXPECT_EQ(cut_off(second), 0) << "the newcomers are served";
  EXPECT_EQ(cut_off(first), 2) << "in place of those that have been idle for longest";
  EXPECT_TRUE(first[0].is_cut_off());
  EXPECT_EQ(tally().evicted, 2u);
  EXPECT_EQ(cut_off(connect(1, "127.0.0.2")), 0);
  EXPECT_EQ(cut_off(first), 2) << "another address has places of its own";
}

TEST_F(DnsLimitsTest, ConnectionsOfOneUserWhateverTheirAddresses) {
  std::vector<Socket> greedy;
  for (int i = 1; i <= 5; ++i) {
    const std::string address = "127.0.0." + std::to_string(i);
    users_[ip(address)] = 4001;
    for (Socket& socket : connect(60, address)) greedy.push_back(std::move(socket));
  }
  EXPECT_EQ(cut_off(greedy), 300 - static_cast<std::ptrdiff_t>(limits::kDnsConnectionsPerClient));
  users_[ip("127.0.1.1")] = 4002;
  EXPECT_EQ(cut_off(connect(1, "127.0.1.1")), 0);
}

TEST_F(DnsLimitsTest, ConnectionsBehindOneLinkWhateverTheirAddresses) {
  std::vector<Socket> crowd;
  for (int i = 1; i <= 4; ++i)
    for (Socket& socket : connect(limits::kDnsConnectionsPerClient, "127.0.0." + std::to_string(i)))
      crowd.push_back(std::move(socket));
  EXPECT_EQ(cut_off(crowd), static_cast<std::ptrdiff_t>(4 * limits::kDnsConnectionsPerClient -
                                                        limits::kDnsConnectionsPerLink));
  EXPECT_EQ(cut_off(connect(1, "127.0.0.9")), 0) << "one more machine behind it is served";
}

TEST_F(DnsLimitsTest, ConnectionsInAll) {
  std::vector<std::vector<Socket>> clients;
  const std::size_t users = limits::kDnsConnections / limits::kDnsConnectionsPerClient;
  for (std::size_t i = 1; i <= users; ++i) {
    const std::string address = "127.0.0." + std::to_string(i);
    users_[ip(address)] = static_cast<uid_t>(4000 + i);
    clients.push_back(connect(limits::kDnsConnectionsPerClient, address));
  }
  const auto all_cut_off = [&] {
    std::ptrdiff_t sum = 0;
    for (const auto& of_one : clients) sum += cut_off(of_one);
    return sum;
  };
  EXPECT_EQ(all_cut_off(), 0) << "at the limit all are served";
  EXPECT_EQ(tally().connections, limits::kDnsConnections);
  users_[ip("127.0.1.1")] = 5000;
  const auto late = connect(10, "127.0.1.1");
  EXPECT_EQ(cut_off(late), 0);
  EXPECT_EQ(all_cut_off(), 10) << "those who have the most make room";
}

TEST_F(DnsLimitsTest, QuestionsUnderWayOnOneConnection) {
  echoes_ = false;
  const Socket client(SOCK_STREAM, "127.0.0.1");
  Octets questions;
  for (unsigned i = 0; i < limits::kDnsPipelined + 2; ++i)
    questions = questions + framed(message(i));
  client.send(questions);
  turns();
  EXPECT_EQ(asked_.size(), limits::kDnsPipelined);
  EXPECT_FALSE(has_work()) << "what is not read must not keep the loop spinning";
  listener_.reply(asked_[5].client, message(5));
  listener_.flush(now_);
  turns();
  EXPECT_EQ(asked_.size(), limits::kDnsPipelined + 1);
  EXPECT_EQ(asked_.back(), (Asked{{}, message(limits::kDnsPipelined)}));
}

TEST_F(DnsLimitsTest, AnIdleConnectionIsCutOff) {
  const auto clients = connect(1, "127.0.0.1");
  EXPECT_EQ(listener_.next_deadline(), now_ + limits::kDnsIdle);
  pass(limits::kDnsIdle - 1ms);
  EXPECT_EQ(cut_off(clients), 0);
  clients[0].send(framed(message(1)));
  turns();
  EXPECT_EQ(clients[0].receive_frame(), message(1));
  pass(limits::kDnsIdle - 1ms);
  EXPECT_EQ(cut_off(clients), 0) << "a question is a sign of life";
  pass(1ms);
  EXPECT_EQ(cut_off(clients), 1);
  EXPECT_EQ(listener_.next_deadline(), kNever);
}

TEST_F(DnsLimitsTest, AConnectionThatWaitsForUsIsNotIdle) {
  echoes_ = false;
  const auto clients = connect(1, "127.0.0.1");
  clients[0].send(framed(message(1)));
  turns();
  pass(limits::kDnsAnswerWithin - 1ms);
  EXPECT_EQ(cut_off(clients), 0);
  listener_.reply(asked_.at(0).client, message(1));
  listener_.flush(now_);
  EXPECT_EQ(clients[0].receive_frame(), message(1));
  EXPECT_LE(listener_.next_deadline(), now_ + limits::kDnsIdle);
  pass(limits::kDnsIdle - 1ms);
  EXPECT_EQ(cut_off(clients), 0);
  pass(1ms);
  EXPECT_EQ(cut_off(clients), 1);
}

TEST_F(DnsLimitsTest, WhatIsNeverAnsweredHoldsNoPlaceForEver) {
  echoes_ = false;
  const auto clients = connect(1, "127.0.0.1");
  clients[0].send(framed(message(1)));
  turns();
  pass(limits::kDnsAnswerWithin - 1ms);
  EXPECT_EQ(cut_off(clients), 0);
  pass(1ms);
  EXPECT_EQ(cut_off(clients), 1);
}

// Slow-loris: an octet now and then buys no time, neither with a question under way nor without.
TEST_F(DnsLimitsTest, AQuestionThatIsNotFinishedInTimeCutsOff) {
  echoes_ = false;
  const auto clients = connect(2, "127.0.0.1");
  clients[1].send(framed(message(1)));
  turns();
  pass(5s);
  const Instant begun = now_;
  for (const Socket& client : clients) client.send({0});
  while (now_ < begun + limits::kDnsIdle - 1s) {
    turn();
    pass(1s);
    EXPECT_EQ(cut_off(clients), 0);
    for (const Socket& client : clients) client.send({200});
  }
  turn();
  pass(begun + limits::kDnsIdle - 1ms - now_);
  EXPECT_EQ(cut_off(clients), 0);
  pass(1ms);
  EXPECT_EQ(cut_off(clients), 2);
}

TEST_F(DnsLimitsTest, AClientThatNeverReadsIsCutOff) {
  echoes_ = false;
  const auto clients = connect(2, "127.0.0.1");
  clients[0].send(framed(message(1)));
  turns();
  std::size_t replied = 0;
  while (tally().dropped == 0 && replied < 100'000) {
    listener_.reply(asked_.at(0).client, message(1, 1000));
    listener_.flush(now_);
    ++replied;
  }
  EXPECT_GT(replied * 1002, limits::kDnsUnsentBytes);
  EXPECT_LT(replied * 1002, limits::kDnsUnsentBytes + (2 << 20));
  EXPECT_EQ(tally().sent + tally().dropped, replied);
  EXPECT_FALSE(clients[1].is_cut_off());
}

TEST_F(DnsLimitsTest, AClientThatReadsLateGetsEverythingInTime) {
  echoes_ = false;
  const auto clients = connect(1, "127.0.0.1");
  for (unsigned i = 0; i < 4; ++i) clients[0].send(framed(message(i)));
  turns();
  for (unsigned i = 0; i < 4; ++i) listener_.reply(asked_.at(i).client, message(i, 65'000));
  listener_.flush(now_);
  pass(limits::kDnsIdle - 1ms);
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(clients[0].receive_frame(), message(i, 65'000));
    listener_.dispatch(now_);
  }
  EXPECT_EQ(tally().sent, 4u);
}

TEST_F(DnsLimitsTest, WithoutDescriptorsAcceptingPausesInsteadOfSpinning) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const Socket client(SOCK_STREAM, "127.0.0.1");
  client.send(framed(message(1)));
  const rlimit few{static_cast<rlim_t>(client.fd()) + 1, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  std::vector<FileDescriptor> fillers;
  do fillers.emplace_back(dup(client.fd()));
  while (fillers.back().is_open());
  turn();
  EXPECT_FALSE(has_work());
  EXPECT_EQ(listener_.next_deadline(), now_ + 1s);
  setrlimit(RLIMIT_NOFILE, &before);
  pass(999ms);
  EXPECT_FALSE(has_work());
  pass(1ms);
  EXPECT_TRUE(has_work());
  turns();
  EXPECT_EQ(client.receive_frame(), message(1));
}

TEST_F(DnsLimitsTest, TenThousandConnectionsLeaveNoDescriptorBehind) {
  const auto before = open_descriptors();
  const linger reset{1, 0};
  for (unsigned i = 0; i < 10'000; ++i) {
    const Socket client(SOCK_STREAM, i % 2 == 0 ? "127.0.0.1" : "::1");
    if (i % 3 == 0) client.send(framed(message(i)));
    if (i % 5 == 0) client.send({0});
    setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (i % 7 == 0) turn();
  }
  turns();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_GT(tally().connections, 1000u);
}

// One connection on a socket whose buffer is full, so that every octet of an answer is left over.
class FullSocketTest : public testing::Test {
 protected:
  FullSocketTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    const Octets filling(1000);
    while (send(ends[0], filling.data(), filling.size(), 0) > 0) ++filled_;
    client_ = FileDescriptor(ends[1]);
    connection_.emplace(FileDescriptor(ends[0]), Client{}, tally_, now_);
  }
  void read_all() {
    Octets into(1000);
    while (recv(client_.get(), into.data(), into.size(), 0) > 0) {
    }
  }

  Instant now_{seconds(1000)};
  DnsListener::Tally tally_;
  std::size_t filled_ = 0;
  FileDescriptor client_;
  std::optional<TcpConnection> connection_;
};

TEST_F(FullSocketTest, UnsentOctetsAtTheLimitAreKept) {
  for (int i = 0; i < 8; ++i) connection_->queue(message(1, limits::kDnsUnsentBytes / 8 - 2));
  connection_->send(now_);
  EXPECT_FALSE(connection_->is_over());
  EXPECT_EQ(connection_->interest(), std::uint32_t{EPOLLIN | EPOLLOUT});
  for (int i = 0; i < 100; ++i) {
    read_all();
    connection_->send(now_);
  }
  EXPECT_EQ(tally_.sent, 8u);
  EXPECT_EQ(connection_->interest(), std::uint32_t{EPOLLIN});
}

TEST_F(FullSocketTest, UnsentOctetsPastTheLimitCutOff) {
  for (int i = 0; i < 7; ++i) connection_->queue(message(1, limits::kDnsUnsentBytes / 8 - 2));
  connection_->queue(message(1, limits::kDnsUnsentBytes / 8 - 1));
  EXPECT_TRUE(connection_->is_over());
  connection_.reset();
  EXPECT_EQ(tally_.sent, 0u);
  EXPECT_EQ(tally_.dropped, 8u);
}

TEST_F(FullSocketTest, OneTurnMayAnswerMoreThanTheLimitWhileTheSocketTakesIt) {
  read_all();
  for (int i = 0; i < 6; ++i) connection_->queue(message(1, 60'000));
  EXPECT_FALSE(connection_->is_over());
}

TEST_F(FullSocketTest, AnAnswerNotTakenInTimeCutsOff) {
  now_ += limits::kDnsIdle - 1ms;
  connection_->queue(message(1));
  EXPECT_EQ(connection_->deadline(), kNever) << "it has not been tried yet";
  connection_->send(now_);
  EXPECT_EQ(connection_->deadline(), now_ + limits::kDnsIdle);
  connection_->queue(message(2));
  connection_->send(now_ + 1s);
  EXPECT_EQ(connection_->deadline(), now_ + limits::kDnsIdle) << "waiting more is no progress";
  read_all();
  connection_->send(now_ + 2s);
  EXPECT_EQ(connection_->deadline(), now_ + 2s + limits::kDnsIdle);
}

}  // namespace
}  // namespace egress::dns_listener
