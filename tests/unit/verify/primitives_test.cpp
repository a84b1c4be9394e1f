// The probes' primitives against real sockets: what each calls an answer, a refusal and silence.
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <memory>

#include "adapters/probe/dns.hpp"
#include "adapters/probe/ntp.hpp"
#include "adapters/probe/ping.hpp"
#include "adapters/probe/tcp.hpp"
#include "adapters/tls/handshake.hpp"
#include "fixtures.hpp"
#include "support/address.hpp"
#include "support/lab.hpp"
#include "support/servers.hpp"

namespace egress::probe {
namespace {

using namespace std::chrono_literals;
using verify::ip;
using verify::name;

constexpr std::chrono::milliseconds kPatience{1500};  // these machines are noisy

class Primitives : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<test::Lab>(test::Lab::Servers::none); }
  static void TearDownTestSuite() { lab_.reset(); }

  static Observation on_host(const std::function<Observation(const Deadline&)>& probe) {
    return test::in_namespace(lab_->host(), [&] { return probe(Deadline(kPatience)); });
  }
  static Observation tcp(const char* address, Port port) {
    return on_host([&](const Deadline& deadline) {
      return connect_tcp({ip(address), port}, deadline).observation;
    });
  }
  static Observation dns(const char* address) {
    return on_host([&](const Deadline& deadline) {
      return ask({ip(address), 53}, Transport::udp, {name("api.openai.com")}, deadline);
    });
  }
  static Observation ntp(const char* address) {
    return on_host([&](const Deadline& deadline) { return ask_ntp(ip(address), 123, deadline); });
  }
  static Observation echo(const char* address) {
    return on_host([&](const Deadline& deadline) { return ping(ip(address), deadline); });
  }
  static std::string tls_error(Port port) {
    const auto trust = tls::Trust::load(std::nullopt);
    return test::in_namespace(lab_->host(), [&] {
      const Deadline deadline(kPatience);
      const auto connection = connect_tcp({ip("192.0.2.1"), port}, deadline);
      EXPECT_EQ(connection.observation.outcome, Outcome::reached);
      const auto session =
          tls::handshake(*trust, connection.socket, name("api.openai.com"), deadline);
      return session ? std::string() : session.error().message;
    });
  }

  static std::unique_ptr<test::Lab> lab_;
};
std::unique_ptr<test::Lab> Primitives::lab_;

TEST_F(Primitives, TcpConnectsOrIsRefused) {
  const test::TcpServer server(lab_->net(), {443});
  for (const auto* address : {"192.0.2.1", "2001:db8::1"}) {
    EXPECT_EQ(tcp(address, 443).outcome, Outcome::reached) << address;
    EXPECT_EQ(tcp(address, 444).outcome, Outcome::refused) << address;
    EXPECT_EQ(tcp(address, 444).error, ECONNREFUSED) << address;
  }
}

TEST_F(Primitives, PingIsAnsweredOrRefusedByThisHost) {
  EXPECT_EQ(echo("192.0.2.1").outcome, Outcome::reached);
  EXPECT_EQ(echo("2001:db8::1").outcome, Outcome::reached);
  lab_->nft(
      "table inet near { chain output { type filter hook output priority 0; icmp type echo-request "
      "reject\n }\n }\n");
  EXPECT_TRUE(echo("192.0.2.1").offender_is_local);
  EXPECT_EQ(echo("192.0.2.1").offender, ip("10.77.0.2"));
  lab_->on_host({"nft", "flush", "ruleset"});
}

TEST_F(Primitives, AClosedUdpPortIsRefusedByAnotherHost) {
  const Observation seen = dns("192.0.2.1");
  EXPECT_EQ(seen.outcome, Outcome::refused);
  EXPECT_EQ(seen.error, ECONNREFUSED);
  ASSERT_TRUE(seen.offender);
  EXPECT_FALSE(seen.offender_is_local);
}

TEST_F(Primitives, ADatagramThatIsNoAnswerIsAWrongAnswer) {
  const test::UdpServer dns_echo(lab_->net(), 53, test::echo());
  const test::UdpServer ntp_echo(lab_->net(), 123, test::echo());
  EXPECT_EQ(dns("192.0.2.1").outcome, Outcome::wrong_answer);
  EXPECT_FALSE(dns("192.0.2.1").rcode);
  EXPECT_EQ(ntp("2001:db8::1").outcome, Outcome::wrong_answer);
}

TEST_F(Primitives, NtpNeedsAServersAnswerToOurQuestion) {
  const auto answer = [](std::uint8_t stratum) {
    return [stratum](const test::Bytes& question) -> std::optional<test::Bytes> {
      test::Bytes reply(48);
      reply[0] = 0x24;
      reply[1] = stratum;
      std::copy(question.begin() + 40, question.begin() + 48, reply.begin() + 24);
      return reply;
    };
  };
  {
    const test::UdpServer server(lab_->net(), 123, answer(2));
    EXPECT_EQ(ntp("192.0.2.1").outcome, Outcome::reached);
    EXPECT_EQ(ntp("192.0.2.1").detail, "NTP stratum 2");
  }
  const test::UdpServer server(lab_->net(), 123, answer(0));
  EXPECT_EQ(ntp("192.0.2.1").outcome, Outcome::wrong_answer);
}

TEST_F(Primitives, SilenceIsATimeout) {
  const test::UdpServer mute(lab_->net(), 53, [](const test::Bytes&) { return std::nullopt; });
  const Observation seen = dns("192.0.2.1");
  EXPECT_EQ(seen.outcome, Outcome::timeout);
  EXPECT_GE(seen.elapsed, kPatience);
  EXPECT_LT(seen.elapsed, kPatience + 2s);
}

TEST_F(Primitives, APeerThatSpeaksNoTlsFailsTheHandshake) {
  const test::TcpServer babbler(lab_->net(), {443});
  EXPECT_EQ(tls_error(443).substr(0, 5), "TLS: ");
}

TEST_F(Primitives, NoRouteIsToldWithoutAPacket) {
  EXPECT_TRUE(test::in_namespace(lab_->host(), [] { return has_route(ip("2001:db8::1")); }));
  lab_->on_host({"ip", "-6", "route", "del", "default"});
  EXPECT_EQ(tcp("2001:db8::1", 443).outcome, Outcome::no_route);
  EXPECT_EQ(dns("2001:db8::1").outcome, Outcome::no_route);
  EXPECT_EQ(echo("2001:db8::1").outcome, Outcome::no_route);
  lab_->on_host({"ip", "-6", "route", "add", "default", "via", "2001:db8:77::1"});
}

TEST(Trust, NeedsAReadableFileOfCertificates) {
  EXPECT_TRUE(tls::Trust::load(std::nullopt));
  const auto missing = tls::Trust::load("/nonexistent\n/ca.pem");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("\\x0a"), std::string::npos) << missing.error().message;
  EXPECT_FALSE(tls::Trust::load(SOURCE_DIR "/CMakeLists.txt"));
}

}  // namespace
}  // namespace egress::probe
