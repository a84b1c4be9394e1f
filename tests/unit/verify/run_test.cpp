// What a question over UDP saw when the server has more to say over TCP.
#include "egressctl/verify/run.hpp"

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "loopback_server.hpp"

namespace egress::verify {
namespace {

using namespace std::chrono_literals;
using probe::Bytes;

// The question as an answer: nothing in it.
Bytes empty_answer(Bytes question) {
  question[2] |= 0x80;
  return question;
}
Bytes truncated_answer(Bytes question) {
  question[2] |= 0x82;
  return question;
}
// Without OPT, since the record stands where it would.
Bytes one_address(Bytes question) {
  question[2] |= 0x80;
  question[7] = 1;
  question[11] = 0;
  question.resize(question.size() - 11);
  question.insert(question.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1});
  return question;
}

class Truncated : public ::testing::Test {
 protected:
  probe::Observation asked(GuardAnswer guard) const {
    Probe probe;
    probe.method = Method::dns;
    probe.endpoint = {ip("127.0.0.1"), Transport::udp, server_.port()};
    probe.name = name("api.openai.com");
    probe.guard = guard;
    const auto trust = tls::Trust::load(std::nullopt);
    return run({probe}, {*trust, {2s, 2s}}, [](std::size_t) {}).front().seen;
  }

 private:
  probe::OneShotServer server_{[](int connection, const Bytes& question) {
    probe::put(connection, probe::framed(one_address(question)));
  }};
  probe::UdpResponder over_udp_{server_.port(), truncated_answer};
};

TEST_F(Truncated, AnAnswerThatIsWantedIsAskedForAgainOverTcp) {
  const auto seen = asked(GuardAnswer::addresses);
  EXPECT_EQ(seen.outcome, probe::Outcome::reached);
  EXPECT_EQ(seen.addresses, std::vector{ip("192.0.2.1")});
}

TEST_F(Truncated, WhereNoneMayComeItIsWhatCameOverUdpThatCounts) {
  for (const auto guard : {GuardAnswer::refusal, GuardAnswer::no_data, GuardAnswer::no_inside}) {
    const auto seen = asked(guard);
    EXPECT_TRUE(seen.is_truncated);
    EXPECT_TRUE(seen.addresses.empty());
  }
}

TEST(Run, AsksTheGuardWithEdnsAndOthersWithout) {
  const probe::OneShotServer port_holder([](int, const Bytes&) {});
  std::vector<std::size_t> lengths;
  const probe::UdpResponder server(port_holder.port(), [&](const Bytes& question) {
    lengths.push_back(question.size());
    return empty_answer(question);
  });
  Probe probe;
  probe.method = Method::dns;
  probe.endpoint = {ip("127.0.0.1"), Transport::udp, port_holder.port()};
  probe.name = name("api.openai.com");
  const auto trust = tls::Trust::load(std::nullopt);
  for (const auto& guard : {std::optional<GuardAnswer>(), std::optional(GuardAnswer::no_data)}) {
    probe.guard = guard;
    EXPECT_EQ(run({probe}, {*trust, {2s, 2s}}, [](std::size_t) {}).front().seen.detail, "NODATA");
  }
  EXPECT_EQ(lengths, (std::vector<std::size_t>{32, 32 + 11}));
}

}  // namespace
}  // namespace egress::verify
