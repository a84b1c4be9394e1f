// Somebody outside whom verify plays itself: real packets over a link of its own, which is gone
// afterwards, whatever ends the process; and nothing of it leaves the host.
#include "adapters/probe/neighbour.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "adapters/probe/flow.hpp"
#include "adapters/probe/payloads.hpp"
#include "adapters/probe/udp.hpp"
#include "adapters/probe/udp_packet.hpp"
#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/lab.hpp"
#include "support/tap.hpp"

namespace egress::probe {
namespace {

using namespace std::chrono_literals;

class WithNeighbour : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<test::Lab>(test::Lab::Servers::none); }
  static void TearDownTestSuite() { lab_.reset(); }
  void TearDown() override { lab_->on_host({"nft", "flush", "ruleset"}); }

  template <class Body>
  static auto on_host(const Body& body) {
    return test::in_namespace(lab_->host(), body);
  }
  static bool has_link() {
    return lab_->on_host({"ip", "-o", "link"}).find("egressd-probe") != std::string::npos;
  }
  static Observation ask(const Neighbour& neighbour, Family family) {
    return on_host([&] { return answer_flow(neighbour, family, Deadline(1s)); });
  }
  static Observation open(Family family) {
    return on_host([&] {
      return open_flow({neighbours_address(family), kNeighboursPort}, Deadline(1s));
    });
  }

  static std::unique_ptr<test::Lab> lab_;
};
std::unique_ptr<test::Lab> WithNeighbour::lab_;

TEST_F(WithNeighbour, FlowsGoBothWaysAndNothingLeavesTheHost) {
  test::Tap far_side(lab_->net(), "host0");
  {
    const auto neighbour = on_host([] { return Neighbour::make(); });
    ASSERT_TRUE(neighbour) << neighbour.error().message;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      EXPECT_EQ(open(family).outcome, Outcome::reached);
      EXPECT_EQ(ask(**neighbour, family).outcome, Outcome::reached);
      EXPECT_EQ(far_side.count(neighbours_address(family).text()), 0U);
    }
    EXPECT_EQ((*neighbour)->unasked(), 0U);
  }
  EXPECT_FALSE(has_link());
}

TEST_F(WithNeighbour, AnAnswerThatIsDroppedIsNotTakenForOneThatArrived) {
  const auto neighbour = on_host([] { return Neighbour::make(); });
  ASSERT_TRUE(neighbour);
  lab_->nft(
      "table inet near { chain c { type filter hook postrouting priority 0; oifname "
      "egressd-probe meta l4proto udp drop\n }\n }\n");
  EXPECT_NE(ask(**neighbour, Family::ipv4).outcome, Outcome::reached);
  lab_->on_host({"nft", "flush", "ruleset"});
  lab_->nft(
      "table inet near { chain c { type filter hook input priority 0; iifname egressd-probe "
      "drop\n }\n }\n");
  const Observation unasked = ask(**neighbour, Family::ipv4);
  EXPECT_EQ(unasked.outcome, Outcome::timeout);
  EXPECT_EQ(unasked.detail, "what asked did not arrive");
}

TEST_F(WithNeighbour, CountsWhatItHasNotAskedFor) {
  const auto neighbour = on_host([] { return Neighbour::make(); });
  ASSERT_TRUE(neighbour);
  on_host([] {
    for (const Family family : {Family::ipv4, Family::ipv6})
      (void)exchange_udp({neighbours_address(family), 4000}, plain_text(), accept_any, Tries::once,
                         Deadline(50ms));
    return 0;
  });
  EXPECT_EQ((*neighbour)->unasked(), 2U);
}

TEST_F(WithNeighbour, IsGoneThoughItsProcessWasKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto neighbour = on_host([] { return Neighbour::make(); });
    ::raise(neighbour ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WTERMSIG(status), SIGKILL) << "it could be made";
  EXPECT_TRUE(test::eventually([] { return !has_link(); }));
}

TEST_F(WithNeighbour, ASecondOneWaitsForTheFirst) {
  auto first = on_host([] { return Neighbour::make(); });
  ASSERT_TRUE(first);
  std::thread later([&] {
    std::this_thread::sleep_for(300ms);
    first = fail("gone");
  });
  const auto second = on_host([] { return Neighbour::make(); });
  later.join();
  EXPECT_TRUE(second) << second.error().message;
}

TEST_F(WithNeighbour, TakesTheRight) {
  const auto made = on_host(
      [] { return test::as_user(test::kNobody, [] { return Neighbour::make().has_value(); }); });
  EXPECT_FALSE(made);
  EXPECT_FALSE(has_link());
}

TEST(UdpPacket, IsReadAsItWasMade) {
  for (const char* const text : {"192.0.2.1", "2001:db8::1"}) {
    const IpAddress address = IpAddress::parse(text).value();
    const Octets octets =
        udp_packet({address, 7}, {neighbours_address(address.family()), 9}, plain_text());
    const auto packet = parse_packet(octets);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->from.address, address);
    EXPECT_EQ(packet->from.port, 7);
    EXPECT_EQ(packet->to.port, 9);
    EXPECT_EQ(packet->protocol, IPPROTO_UDP);
    EXPECT_EQ(Payload(packet->payload.begin(), packet->payload.end()), plain_text());
    for (std::size_t size = 0; size < octets.size(); ++size)
      (void)parse_packet(Datagram(octets).first(size));  // reads nothing past its end
  }
}

}  // namespace
}  // namespace egress::probe
