// The first start on a host that lives: its owner is not locked out, and what the policy does not
// allow does not go on.
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>

#include "net/net_test.hpp"
#include "support/tcp_session.hpp"

namespace egress::test {
namespace {

constexpr const char* kHosts[] = {"10.77.0.2", "2001:db8:77::2"};
constexpr const char* kOthers[] = {kOther4, kOther6};
constexpr const char* kAllowed[] = {kApi4, kApi6};

using Sessions = std::vector<std::unique_ptr<TcpSession>>;

// What the kernel knows of the connections of this host when egressd comes.
enum class Tracking {
  none,
  all_along,
  midway,  // begun after the connections, it took each for one that the host's peer had begun, or
           // the other way round
};

class LiveHost : public NetTest {
 protected:
  void track() {
    lab.nft(
        "table inet tracking {\n chain output {\n type filter hook output priority 0\n ct state "
        "new accept\n }\n}\n");
  }
  std::string tracked() {
    return lab.on_host({"sysctl", "-n", "net.netfilter.nf_conntrack_count"});
  }

  // From outside to a server on the host.
  std::unique_ptr<TcpSession> inbound(const std::string& address) {
    return std::make_unique<TcpSession>(lab.host(), next_port_++, lab.net(), address);
  }
  std::unique_ptr<TcpSession> outbound(const std::string& address) {
    return std::make_unique<TcpSession>(lab.net(), next_port_++, lab.host(), address);
  }
  std::uint16_t next_port_ = 2200;  // one for each session
};

class TrackedHost : public LiveHost, public ::testing::WithParamInterface<Tracking> {
 protected:
  TrackedHost() {
    if (GetParam() == Tracking::all_along) track();
  }
  // The sessions exist by now; `first` makes the packets by which tracking meets them.
  template <class First>
  void settle_tracking(const First& first) {
    if (GetParam() == Tracking::midway) {
      track();
      first();
    }
    ASSERT_EQ(tracked() == "0\n", GetParam() == Tracking::none);
  }
};
std::string name_of(const ::testing::TestParamInfo<Tracking>& of) {
  constexpr std::array kNames{"Untracked", "Tracked", "TrackedMidway"};
  return kNames.at(static_cast<std::size_t>(of.param));
}
INSTANTIATE_TEST_SUITE_P(OfSessions, TrackedHost,
                         ::testing::Values(Tracking::none, Tracking::all_along, Tracking::midway),
                         name_of);

TEST_P(TrackedHost, InboundSessionsGoOn) {
  Sessions host_first, peer_first, idle;
  for (const char* host : kHosts)
    for (Sessions* sessions : {&host_first, &peer_first, &idle}) {
      sessions->push_back(inbound(host));
      ASSERT_TRUE(sessions->back()->client_is_heard());
      ASSERT_TRUE(sessions->back()->server_is_heard());
    }
  settle_tracking([&] {
    for (Sessions* sessions : {&host_first, &peer_first, &idle})
      for (auto& session : *sessions) ASSERT_TRUE(session->server_is_heard());
  });
  const Daemon daemon(lab, guarded_policy(""));
  ASSERT_EQ(tcp(kOther4), Seen::refused) << "closed";
  for (int turn = 0; turn < 2; ++turn) {
    for (auto& session : host_first) EXPECT_TRUE(session->server_is_heard());
    for (auto& session : peer_first) EXPECT_TRUE(session->client_is_heard());
    for (auto& session : host_first) EXPECT_TRUE(session->client_is_heard());
    for (auto& session : peer_first) EXPECT_TRUE(session->server_is_heard());
    ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  }
  for (auto& session : idle) EXPECT_TRUE(session->server_is_heard());
  EXPECT_NE(daemon.log().find("event=sessions-taken-over inbound=6 cut=0"), std::string::npos)
      << daemon.log();
}

TEST_P(TrackedHost, OfOutboundSessionsOnlyTheAllowedGoOn) {
  Sessions refused, allowed;
  for (const char* address : kOthers) refused.push_back(outbound(address));
  for (const char* address : kAllowed) allowed.push_back(outbound(address));
  Connection download4(lab.host(), kOther4, 443), download6(lab.host(), kOther6, 443);
  settle_tracking([&] {
    for (Sessions* sessions : {&refused, &allowed})
      for (auto& session : *sessions) ASSERT_TRUE(session->server_is_heard());
  });
  for (Sessions* sessions : {&refused, &allowed})
    for (auto& session : *sessions) {
      ASSERT_TRUE(session->server_is_heard());
      ASSERT_TRUE(session->client_is_heard());
    }
  ASSERT_GT(download4.receive_for(400ms), 0U);
  ASSERT_GT(download6.receive_for(400ms), 0U);

  const Daemon daemon(
      lab, guarded_policy(std::string(kApi4) + ":2200-2299, \"[" + kApi6 + "]:2200-2299\""));
  for (auto& session : refused) {
    session->server_is_heard();  // what comes in wakes nothing up
    EXPECT_FALSE(session->client_is_heard());
  }
  for (auto& session : allowed) {
    EXPECT_TRUE(session->server_is_heard());
    EXPECT_TRUE(session->client_is_heard());
  }
  for (Connection* download : {&download4, &download6}) {
    download->receive_for(1s);
    EXPECT_EQ(download->receive_for(1s), 0U) << "it goes on";
  }
  EXPECT_NE(daemon.log().find("event=sessions-taken-over inbound=0 cut=4"), std::string::npos)
      << daemon.log();
}

// It goes on sending to an address that nobody knows any more; the table of before let it.
TEST_F(LiveHost, ARestartCutsNoTransferThatWasAllowed) {
  dns.set("api.openai.com", {.addresses = {kApi4}});
  Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }));
  Connection transfer(lab.host(), kApi4, 443);
  ASSERT_GT(transfer.receive_for(400ms), 0U);
  daemon.crash();
  std::filesystem::remove(lab.dir() / "state" / "known-addresses");
  dns.set("api.openai.com", {.addresses = {kApi4Second}});
  daemon.start();
  ASSERT_TRUE(eventually([&] { return tcp(kApi4Second) == Seen::answered; }));
  ASSERT_EQ(tcp(kApi4), Seen::refused);
  transfer.receive_for(500ms);
  EXPECT_GT(transfer.receive_for(500ms), 0U);
  EXPECT_FALSE(transfer.is_dead());
}

// A ping that goes on under its number is tracked as one flow, and could carry anything.
TEST_F(LiveHost, APingUnderWayIsCut) {
  track();
  const int ping = in_namespace(lab.host(), [] {
    const SocketAddress to(kOther4, 0);
    const int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
    return connect(made, to.get(), to.length) == 0 ? made : -1;
  });
  const auto goes_out = [&] {
    Tap after(lab.net(), "host0");
    std::array<unsigned char, 16> request{ICMP_ECHO};
    send(ping, request.data(), request.size(), 0);
    return eventually([&] { return after.count(kOther4) > 0; }, 1s);
  };
  ASSERT_TRUE(goes_out());
  ASSERT_TRUE(goes_out());
  const Daemon daemon(lab, guarded_policy(""));
  EXPECT_FALSE(goes_out());
  EXPECT_FALSE(goes_out());
  close(ping);
}

}  // namespace
}  // namespace egress::test
