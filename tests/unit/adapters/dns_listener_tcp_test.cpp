#include <gtest/gtest.h>

#include <tuple>

#include "unit/adapters/dns_listener_fixture.hpp"

namespace egress::dns_listener {
namespace {

class DnsOverTcpTest : public DnsListenerTest {
 protected:
  void answer(std::size_t question) {
    listener_.reply(asked_.at(question).client, asked_.at(question).octets);
  }
  void flush() { listener_.flush(now_); }
  static void reset_on_close(const Socket& client) {
    const linger reset{1, 0};
    setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  void ask_half_close_and_reset() {
    echoes_ = false;
    const Socket client(SOCK_STREAM, "127.0.0.1");
    client.send(framed(message(1)));
    shutdown(client.fd(), SHUT_WR);
    turns();
    reset_on_close(client);
  }
};

TEST_F(DnsOverTcpTest, AnswersInBothFamilies) {
  for (const auto& [asked, from] :
       {std::tuple{"192.0.2.2", "192.0.2.1"}, {"2001:db8::2", "2001:db8::1"}}) {
    const Socket client(SOCK_STREAM, asked, from);
    client.send(framed(message(7)));
    turns();
    EXPECT_EQ(client.receive_frame(), message(7));
    EXPECT_EQ(asked_.back().client.address, ip(from));
    EXPECT_EQ(asked_.back().client.local, ip(asked));
    EXPECT_EQ(asked_.back().client.port, client.port());
    EXPECT_EQ(asked_.back().client.transport, Transport::tcp);
  }
  EXPECT_EQ(tally().connections, 2u);
  EXPECT_EQ(tally().received, 2u);
  EXPECT_EQ(tally().sent, 2u);
}

TEST_F(DnsOverTcpTest, QuestionsUnderWayAreAnsweredInAnyOrder) {
  echoes_ = false;
  const Socket client(SOCK_STREAM, "127.0.0.1");
  for (unsigned i = 0; i < 5; ++i) client.send(framed(message(i, 20 + i)));
  turns();
  ASSERT_EQ(asked_.size(), 5u);
  for (const unsigned i : {3u, 0u, 4u}) answer(i);
  flush();
  for (const unsigned i : {2u, 1u}) answer(i);
  flush();
  for (const unsigned i : {3u, 0u, 4u, 2u, 1u})
    EXPECT_EQ(client.receive_frame(), message(i, 20 + i));
}

TEST_F(DnsOverTcpTest, AQuestionMayArriveOctetByOctet) {
  const Socket client(SOCK_STREAM, "127.0.0.1");
  for (const std::uint8_t octet : framed(message(1, 30)) + framed(message(2, 12))) {
    client.send({octet});
    turn();
  }
  turns();
  EXPECT_EQ(asked_, (std::vector<Asked>{{{}, message(1, 30)}, {{}, message(2, 12)}}));
}

TEST_F(DnsOverTcpTest, OneSegmentMayHoldSeveralQuestionsAndPartOfTheNext) {
  const Socket client(SOCK_STREAM, "127.0.0.1");
  const Octets third = framed(message(3));
  client.send(framed(message(1)) + framed(message(2)) + Octets(third.begin(), third.begin() + 1));
  turns();
  EXPECT_EQ(asked_.size(), 2u);
  client.send(Octets(third.begin() + 1, third.end()));
  turns();
  for (unsigned i = 1; i <= 3; ++i) EXPECT_EQ(client.receive_frame(), message(i));
}

TEST_F(DnsOverTcpTest, TheLongestMessageFitsBothWays) {
  const Socket client(SOCK_STREAM, "::1");
  client.send(framed(message(1, 65'535)));
  turns();
  EXPECT_EQ(client.receive_frame(), message(1, 65'535));
  listener_.reply(asked_.at(0).client, message(1, 65'536));
  EXPECT_EQ(tally().dropped, 1u);
  turns();
  EXPECT_FALSE(client.is_cut_off());
}

TEST_F(DnsOverTcpTest, ALengthNoMessageHasCutsOff) {
  for (unsigned length = 0; length < 12; ++length) {
    const Socket client(SOCK_STREAM, "127.0.0.1");
    client.send(framed(message(1)) + Octets{0, static_cast<std::uint8_t>(length)});
    turns();
    client.receive_frame();
    EXPECT_TRUE(client.is_cut_off()) << length;
  }
}

TEST_F(DnsOverTcpTest, AfterHalfACloseTheAnswersUnderWayAreStillSent) {
  echoes_ = false;
  const Socket client(SOCK_STREAM, "127.0.0.1");
  client.send(framed(message(1)) + framed(message(2)) + Octets{0});
  shutdown(client.fd(), SHUT_WR);
  turns();
  ASSERT_EQ(asked_.size(), 2u);
  EXPECT_FALSE(has_work()) << "the end of the stream must not keep the loop spinning";
  answer(0);
  flush();
  EXPECT_EQ(client.receive_frame(), message(1));
  EXPECT_FALSE(client.is_cut_off());
  answer(1);
  flush();
  EXPECT_EQ(client.receive_frame(), message(2));
  EXPECT_TRUE(client.is_cut_off());
  EXPECT_EQ(tally().sent, 2u);
}

TEST_F(DnsOverTcpTest, ACloseWithNothingUnderWayEndsTheConnection) {
  const Socket client(SOCK_STREAM, "127.0.0.1");
  turns();
  shutdown(client.fd(), SHUT_WR);
  turns();
  EXPECT_TRUE(client.is_cut_off());
}

TEST_F(DnsOverTcpTest, AnAnswerToAConnectionThatWentReachesNoOther) {
  echoes_ = false;
  {
    const Socket gone(SOCK_STREAM, "127.0.0.1", "127.0.0.1", 20'000);
    gone.send(framed(message(1)));
    turns();
    reset_on_close(gone);
  }
  turns();
  // The same address, the same port, and here most likely the same descriptor.
  const Socket next(SOCK_STREAM, "127.0.0.1", "127.0.0.1", 20'000);
  next.send(framed(message(2)));
  turns();
  ASSERT_EQ(asked_.size(), 2u);
  EXPECT_EQ(asked_[0].client.port, asked_[1].client.port);
  answer(0);
  answer(1);
  flush();
  EXPECT_EQ(next.receive_frame(), message(2));
  EXPECT_EQ(tally().dropped, 1u);
  EXPECT_EQ(tally().sent, 1u);
}

TEST_F(DnsOverTcpTest, AResetWhileAnswersWaitEndsTheConnectionAlone) {
  echoes_ = false;
  const Socket other(SOCK_STREAM, "127.0.0.1");
  other.send(framed(message(9)));
  {
    const Socket client(SOCK_STREAM, "127.0.0.1");
    for (unsigned i = 0; i < 8; ++i) client.send(framed(message(i, 65'000)));
    while (asked_.size() < 9) turn();
    for (std::size_t i = 0; i < 9; ++i) {
      if (asked_[i].octets.size() == 65'000) answer(i);
    }
    flush();
    reset_on_close(client);
  }
  for (std::size_t i = 0; i < 9; ++i) answer(i);
  flush();
  turns();
  EXPECT_EQ(other.receive_frame(), message(9));
  EXPECT_FALSE(other.is_cut_off());
  EXPECT_EQ(tally().sent + tally().dropped, 17u);
  EXPECT_FALSE(has_work());
}

// The only sign of it is an event that nobody asked for.
TEST_F(DnsOverTcpTest, AResetAfterHalfACloseEndsTheConnection) {
  ask_half_close_and_reset();
  ASSERT_TRUE(has_work(1000));
  turn();
  EXPECT_FALSE(has_work()) << "else the loop spins";
  answer(0);
  EXPECT_EQ(tally().dropped, 1u);
}

// Here the kernel would send SIGPIPE.
TEST_F(DnsOverTcpTest, AnAnswerRightAfterAResetEndsTheConnection) {
  ask_half_close_and_reset();
  answer(0);
  flush();
  EXPECT_FALSE(has_work());
  EXPECT_EQ(tally().dropped, 1u);
}

TEST_F(DnsOverTcpTest, OneClientDoesNotStarveTheOthers) {
  const Socket greedy(SOCK_STREAM, "127.0.0.1");
  Octets many;
  for (unsigned i = 0; i < 5000; ++i) many = many + framed(message(i, 12));
  greedy.send(many);
  turn();
  const Socket modest(SOCK_STREAM, "127.0.0.1");
  modest.send(framed(message(0xffff)));
  for (int i = 0; i < 2; ++i) turn();  // one to accept, one to read
  const auto from_modest = std::ranges::count(asked_, Asked{{}, message(0xffff)});
  EXPECT_EQ(from_modest, 1);
  EXPECT_LE(asked_.size(), 3u * 16 + 1);
}

}  // namespace
}  // namespace egress::dns_listener
