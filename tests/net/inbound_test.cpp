// `inbound:` says which of this host's ports answer flows that were begun outside.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "net/sources.hpp"

namespace egress::test {
namespace {

using testing::IsEmpty;

class Inbound : public SourcesTest {
 protected:
  static constexpr std::uint16_t kListed = kApp, kUnlisted = 5600;

  // Whoever is outside knocks at every door; how each is answered.
  std::string knock() {
    std::ostringstream all;
    for (const char* host : {kHost4, kHost6}) {
      all << "tcp listed " << tcp_probe(lab.net(), host, kListed) << ", open "
          << tcp_probe(lab.net(), host, kUnlisted) << ", closed "
          << tcp_probe(lab.net(), host, kClosed) << "; udp listed "
          << udp_probe(lab.net(), host, kListed) << ", open "
          << udp_probe(lab.net(), host, kUnlisted) << ", closed "
          << udp_probe(lab.net(), host, kClosed) << "; ping " << ping_probe(lab.net(), host)
          << "\n";
    }
    return all.str();
  }
  static std::string twice(const std::string& line) { return line + "\n" + line + "\n"; }

  UdpServer unlisted_udp{lab.host(), kUnlisted, echo()};
  TcpServer unlisted_tcp{lab.host(), {kUnlisted}};
};

TEST_F(Inbound, AnyAnswersWhoeverAsks) {
  const Daemon daemon(lab, policy_of("inbound: any"));
  EXPECT_EQ(knock(), twice("tcp listed answered, open answered, closed refused; "
                           "udp listed answered, open answered, closed refused; ping answered"));
}

TEST_F(Inbound, AListAnswersAtItsPortsAndNowhereElse) {
  ASSERT_EQ(knock(), twice("tcp listed answered, open answered, closed refused; "
                           "udp listed answered, open answered, closed refused; ping answered"))
      << "positive control";
  const Daemon daemon(lab, policy_of("inbound: [5555/tcp, 5555/udp]"));
  Tap after(lab.net(), "host0");
  EXPECT_EQ(knock(), twice("tcp listed answered, open silence, closed silence; "
                           "udp listed answered, open silence, closed silence; ping silence"));
  for (const SeenPacket& packet : after.seen())
    EXPECT_FALSE(packet.protocol == IPPROTO_ICMP ||
                 (packet.protocol == IPPROTO_ICMPV6 && packet.octets[40] < 133))
        << packet.destination;
}

TEST_F(Inbound, AListOfOneTransportSaysNothingOfTheOther) {
  const Daemon daemon(lab, policy_of("inbound: [5555/tcp]"));
  for (const char* host : {kHost4, kHost6}) {
    EXPECT_EQ(tcp_probe(lab.net(), host, kListed), Seen::answered) << host;
    EXPECT_EQ(udp_probe(lab.net(), host, kListed), Seen::silence) << host;
  }
}

TEST_F(Inbound, AListDoesNotConcernTheHostItselfNorItsOwnConnections) {
  const Daemon daemon(lab, policy_of("inbound: [22/tcp]"));
  for (const char* host : {"127.0.0.1", "::1", kHost4, kHost6}) {
    EXPECT_EQ(tcp(host, kUnlisted), Seen::answered) << host;
    EXPECT_EQ(udp(host, kUnlisted), Seen::answered) << host;
  }
  expect_allowed_works();
}

// A change ends what it no longer allows.
TEST_F(Inbound, SessionsAreJudgedWhenTheListChanges) {
  Daemon daemon(lab, policy_of("inbound: any"));
  Connection listed(lab.net(), kHost4, kListed), unlisted(lab.net(), kHost6, kUnlisted);
  ASSERT_GT(listed.receive_for(400ms), 0U) << "positive control";
  ASSERT_GT(unlisted.receive_for(400ms), 0U) << "positive control";
  daemon.write_policy(policy_of("inbound: [5555/tcp]"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  unlisted.receive_for(500ms);
  EXPECT_EQ(unlisted.receive_for(700ms), 0U);
  listed.receive_for(300ms);
  EXPECT_GT(listed.receive_for(500ms), 0U);
}

// A program connects from the port to which its accomplice sends such segments, too; RFC 9293
// section 3.5. What is a race elsewhere is made to happen each time: the kernel's own answer to the
// accomplice, a reset, is held back before it is tracked.
class SimultaneousOpen : public Inbound, public testing::WithParamInterface<const char*> {
 protected:
  SimultaneousOpen() {
    lab.nft(
        "table inet race {\n chain out {\n  type filter hook output priority -305\n"
        "  tcp sport 7002 tcp flags & rst == rst drop\n }\n}\n");
  }
  static bool is_open_of(const SeenPacket& packet, const char* to) {
    const std::size_t flags = (is_v4(to) ? 20U : 40U) + 13U;
    return packet.destination == to && packet.protocol == IPPROTO_TCP &&
           (packet.octets[flags] & (kSyn | kAck | kRst)) == kSyn;
  }
  // How many of its segments reach the accomplice.
  std::ptrdiff_t meet() {
    const char* evil = GetParam();
    const std::string host = is_v4(evil) ? kHost4 : kHost6;
    Tap tap(lab.net(), "host0");
    for (int turn = 0; turn < 20; ++turn) {
      (void)send_forged(lab.net(), forged_tcp({evil, host, 7001, 7002}, {}));
      in_namespace(lab.host(), [&] {
        const SocketAddress own(host, 7002), to(evil, 7001);
        const int made = socket(own.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const int on = 1;
        setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(made, own.get(), own.length) == 0) (void)connect(made, to.get(), to.length);
        pollfd wanted{made, POLLOUT, 0};
        if (poll(&wanted, 1, 20) > 0) (void)send(made, "secret", 6, MSG_NOSIGNAL);
        close(made);
      });
    }
    EXPECT_FALSE(tap.carried("secret"));
    return std::ranges::count_if(
        tap.seen(), [&](const SeenPacket& packet) { return is_open_of(packet, evil); });
  }
};
INSTANTIATE_TEST_SUITE_P(With, SimultaneousOpen, testing::Values(kEvil4, kEvil6),
                         [](const auto& of) {
                           return std::string(of.param[1] == '4' ? "Ipv4" : "Ipv6");
                         });

TEST_P(SimultaneousOpen, CarriesNothing) {
  ASSERT_GT(meet(), 0) << "positive control";
  const Daemon daemon(lab, policy_of());
  EXPECT_EQ(meet(), 0);
}

}  // namespace
}  // namespace egress::test
