// Packets that are neither TCP, UDP nor an echo: each leaves once, and what became of it is told
// from the far side.
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <thread>

#include "adapters/probe/packet.hpp"
#include "adapters/probe/payloads.hpp"
#include "adapters/probe/tcp.hpp"
#include "fixtures.hpp"
#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/lab.hpp"
#include "support/servers.hpp"
#include "support/tap.hpp"

namespace egress::probe {
namespace {

using namespace std::chrono_literals;
using verify::ip;

constexpr const char* kThere4 = "192.0.2.1";
constexpr const char* kThere6 = "2001:db8::1";

class Packets : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<test::Lab>(test::Lab::Servers::none); }
  static void TearDownTestSuite() { lab_.reset(); }
  void TearDown() override { lab_->on_host({"nft", "flush", "ruleset"}); }

  static Observation on_host(const std::function<Observation(const Deadline&)>& probe,
                             std::chrono::milliseconds patience = 1500ms) {
    return test::in_namespace(lab_->host(), [&] { return probe(Deadline(patience)); });
  }
  static Observation packet(const char* to, std::uint8_t protocol, const Payload& payload) {
    return on_host(
        [&](const Deadline& deadline) { return send_packet(ip(to), protocol, payload, deadline); });
  }
  static Observation fragment(Piece piece, std::chrono::milliseconds patience = 300ms) {
    return on_host(
        [&](const Deadline& deadline) { return send_fragment(ip(kThere4), 9, piece, deadline); },
        patience);
  }
  static Observation datagram(const Remote& to) {
    return on_host([&](const Deadline& deadline) {
      return exchange_udp(to, plain_text(), accept_any, Tries::once, deadline);
    });
  }
  static void refuse_all() {
    lab_->nft(
        "table inet near { chain output { type filter hook output priority 0; oif lo accept; "
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; reject with icmpx "
        "admin-prohibited\n }\n }\n");
  }

  static std::unique_ptr<test::Lab> lab_;
};
std::unique_ptr<test::Lab> Packets::lab_;

struct Kind {
  std::uint8_t protocol;
  Payload payload;
};
std::vector<Kind> kinds() {
  return {
      {kSctp, sctp_init()}, {kGre, gre_header()}, {kUdpLite, plain_text()}, {kEsp, plain_text()}};
}

// A raw socket is given whatever comes in of its protocol until it is connected.
TEST_F(Packets, WhatOthersAreSentMeanwhileIsNoAnswer) {
  std::atomic<bool> is_over = false;
  std::thread others([&] {
    test::in_namespace(lab_->host(), [&] {
      const Socket socket(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP);
      const Socket receiver(Family::ipv4, SOCK_DGRAM, IPPROTO_UDP);
      EXPECT_TRUE(bind_source(receiver, {ip("127.0.0.1"), 9, 4000}));
      EXPECT_EQ(connect(socket, ip("127.0.0.1"), 4000), 0);
      while (!is_over) (void)send(socket, plain_text());
    });
  });
  int answers = 0;
  for (int i = 0; i < 500; ++i) answers += fragment(Piece::first, 3ms).was_answered() ? 1 : 0;
  is_over = true;
  others.join();
  EXPECT_EQ(answers, 0);
}

TEST_F(Packets, LeaveOnceAndAreRefusedFromAfar) {
  for (const auto& [protocol, payload] : kinds()) {
    for (const char* to : {kThere4, kThere6}) {
      test::Tap far_side(lab_->net(), "host0");
      const Observation seen = packet(to, protocol, payload);
      EXPECT_FALSE(seen.offender_is_local) << int{protocol} << ' ' << to;
      EXPECT_EQ(far_side.count(to), 1U) << int{protocol} << ' ' << to;
      const auto is_ours = [&](const auto& one) { return one.destination == to; };
      const auto one = std::ranges::find_if(far_side.seen(), is_ours);
      ASSERT_NE(one, far_side.seen().end());
      EXPECT_EQ(one->protocol, protocol) << to;
    }
  }
}

TEST_F(Packets, ThatThisHostRefusesAreToldAtOnceAndDoNotLeave) {
  refuse_all();
  for (const auto& [protocol, payload] : kinds()) {
    for (const char* to : {kThere4, kThere6}) {
      test::Tap far_side(lab_->net(), "host0");
      const Observation seen = packet(to, protocol, payload);
      EXPECT_EQ(seen.outcome, Outcome::refused) << int{protocol} << ' ' << to;
      EXPECT_TRUE(seen.offender_is_local) << int{protocol} << ' ' << to << summary(seen);
      EXPECT_LT(seen.elapsed, 500ms);
      EXPECT_EQ(far_side.count(to), 0U);
    }
  }
}

TEST_F(Packets, FragmentsLeaveAsTheyAre) {
  test::Tap far_side(lab_->net(), "host0");
  EXPECT_EQ(fragment(Piece::first).outcome, Outcome::timeout);
  EXPECT_EQ(fragment(Piece::later).outcome, Outcome::timeout);
  EXPECT_EQ(far_side.count(kThere4), 2U);
  refuse_all();
  const Observation first = fragment(Piece::first), later = fragment(Piece::later);
  EXPECT_EQ(first.outcome, Outcome::refused);
  EXPECT_TRUE(first.offender_is_local);
  EXPECT_EQ(later.error, EPERM) << "no ICMP error answers a later fragment";
  EXPECT_EQ(far_side.count(kThere4), 2U);
}

TEST_F(Packets, AQuestionThatIsSentOnceIsNotRepeated) {
  const test::UdpServer mute(lab_->net(), 9, [](const test::Bytes&) { return std::nullopt; });
  test::Tap far_side(lab_->net(), "host0");
  EXPECT_EQ(datagram({ip(kThere4), 9}).outcome, Outcome::timeout);
  EXPECT_EQ(far_side.count(kThere4, 9), 1U);
  const test::UdpServer server(lab_->net(), 10, test::echo());
  EXPECT_EQ(datagram({ip(kThere4), 10}).outcome, Outcome::reached);
}

TEST_F(Packets, MayComeFromAPortThatOthersOwn) {
  const test::UdpServer server(lab_->net(), 9, test::echo());
  const test::TcpServer stream(lab_->net(), {443});
  test::Tap far_side(lab_->net(), "host0");
  for (const char* to : {kThere4, kThere6}) {
    EXPECT_EQ(datagram({ip(to), 9, 53}).outcome, Outcome::reached) << to;
    EXPECT_EQ(on_host([&](const Deadline& deadline) {
                return connect_tcp({ip(to), 443, 53}, deadline).observation;
              }).outcome,
              Outcome::reached)
        << to;
  }
  for (const auto& packet : far_side.seen()) {
    if (packet.protocol != IPPROTO_UDP || packet.port != 9) continue;
    EXPECT_EQ(packet.octets[packet.payload - 7], 53) << "the source port's lower half";
  }
}

TEST_F(Packets, ReachIpv4ByItsMappedFormAndAnyGroup) {
  const test::TcpServer server(lab_->net(), {80});
  EXPECT_EQ(on_host([&](const Deadline& deadline) {
              return connect_tcp({ip("::ffff:192.0.2.1"), 80}, deadline).observation;
            }).outcome,
            Outcome::reached);
  test::Tap far_side(lab_->net(), "host0");
  for (const char* to : {"255.255.255.255", "239.255.255.250", "ff05::1:3"}) {
    datagram({ip(to), 9});
    EXPECT_EQ(far_side.count(to, 9), 1U) << to;
  }
}

TEST_F(Packets, WithoutTheRightAreImpossibleAndSaySo) {
  const auto as_nobody = [](const std::function<Observation(const Deadline&)>& probe) {
    return on_host([&](const Deadline& deadline) {
      return test::as_user(test::kNobody, [&] { return probe(deadline); });
    });
  };
  const Observation gre = as_nobody([](const Deadline& deadline) {
    return send_packet(ip(kThere4), kGre, gre_header(), deadline);
  });
  EXPECT_EQ(gre.outcome, Outcome::impossible);
  EXPECT_EQ(gre.error, EPERM);
  const Observation from_53 = as_nobody([](const Deadline& deadline) {
    return exchange_udp({ip(kThere4), 9, 53}, plain_text(), accept_any, Tries::once, deadline);
  });
  EXPECT_EQ(from_53.outcome, Outcome::impossible);
  EXPECT_EQ(from_53.error, EACCES);
}

TEST(Payloads, AreWhatServersAnswer) {
  EXPECT_EQ(quic_first_packet().size(), 1200U);
  EXPECT_NE(quic_first_packet(), quic_first_packet()) << "each its own connection ids";
  const Payload init = sctp_init();
  ASSERT_EQ(init.size(), 32U);
  // By another implementation, which has 0xe3069283 for "123456789".
  EXPECT_EQ(Payload(init.begin() + 8, init.begin() + 12), (Payload{0x39, 0xdd, 0xfd, 0x0a}));
}

}  // namespace
}  // namespace egress::probe
