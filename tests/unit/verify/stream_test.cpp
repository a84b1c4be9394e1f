// Questions over TCP, against a server on loopback that sends what a test wants.
#include "adapters/probe/stream.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "adapters/probe/dns.hpp"
#include "fixtures.hpp"
#include "loopback_server.hpp"

namespace egress::probe {
namespace {

using namespace std::chrono_literals;
const Question kQuestion{verify::name("api.openai.com"), kTypeA, true};

// NXDOMAIN with the question and its OPT, which has no options.
Bytes nxdomain(Bytes question) {
  question[2] |= 0x80;
  question[3] = 3;
  return question;
}

Observation asked(const OneShotServer& server, std::chrono::milliseconds patience = 3s) {
  return ask({verify::ip("127.0.0.1"), server.port()}, Transport::tcp, kQuestion,
             Deadline(patience));
}

TEST(AskOverTcp, ReadsAnAnswerThatComesInPieces) {
  const OneShotServer server([](int connection, const Bytes& question) {
    for (const std::uint8_t octet : framed(nxdomain(question))) put(connection, {octet});
  });
  const Observation seen = asked(server);
  EXPECT_EQ(seen.outcome, Outcome::wrong_answer);
  EXPECT_EQ(seen.rcode, 3);
  EXPECT_EQ(seen.detail, "NXDOMAIN");
}

TEST(AskOverTcp, PassesOverAnswersToOtherQuestions) {
  const OneShotServer server([](int connection, const Bytes& question) {
    Bytes other = nxdomain(question);
    other[0] ^= 0xff;
    Bytes both = framed(other);
    const Bytes ours = framed(nxdomain(question));
    both.insert(both.end(), ours.begin(), ours.end());
    put(connection, both);
  });
  EXPECT_EQ(asked(server).rcode, 3);
}

TEST(AskOverTcp, AConnectionThatEndsIsNoAnswer) {
  const OneShotServer server([](int connection, const Bytes& question) {
    Bytes half = framed(nxdomain(question));
    half.resize(half.size() / 2);
    put(connection, half);
  });
  const Observation seen = asked(server);
  EXPECT_EQ(seen.outcome, Outcome::wrong_answer);
  EXPECT_FALSE(seen.rcode);
}

TEST(AskOverTcp, SilenceIsATimeout) {
  const OneShotServer server([](int, const Bytes&) { std::this_thread::sleep_for(400ms); });
  EXPECT_EQ(asked(server, 200ms).outcome, Outcome::timeout);
}

TEST(AskOverTcp, AStreamOfOtherMessagesEndsAtTheDeadline) {
  const OneShotServer server([](int connection, const Bytes&) {
    const Bytes strays(4096, 0);  // messages of no octets
    while (::send(connection, strays.data(), strays.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  const Observation seen = asked(server, 300ms);
  EXPECT_EQ(seen.outcome, Outcome::timeout);
  EXPECT_LT(seen.elapsed, 2s);
}

TEST(AskOverTcp, AClosedPortIsRefused) {
  Port port = 0;
  {
    const OneShotServer gone([](int, const Bytes&) {});
    port = gone.port();
  }
  const Observation seen =
      ask({verify::ip("127.0.0.1"), port}, Transport::tcp, kQuestion, Deadline(1s));
  EXPECT_EQ(seen.outcome, Outcome::refused);
  EXPECT_EQ(seen.error, ECONNREFUSED);
}

}  // namespace
}  // namespace egress::probe
