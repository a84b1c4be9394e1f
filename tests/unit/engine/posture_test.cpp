// Open, panic and back, whatever the policy says: what the kernel holds, and how each ends.
#include <gmock/gmock.h>

#include "support/guarded_host.hpp"
#include "unit/engine/endpoints.hpp"

namespace egress::engine {
namespace {

using namespace std::chrono_literals;
using test::allow_entry;
using testing::Contains;
using testing::Field;

const DnsName kApi = *DnsName::parse("api.openai.com");

class Postures : public testing::Test {
 protected:
  Postures() {
    host.tell(OwnAddressesChanged{{*IpAddress::parse("0.0.0.0")}});  // whence the fake's flows come
    host.set_policy({allow_entry(kApi), allow_entry(*Prefix::parse("192.0.2.0/24"))});
    host.answer("api.openai.com", {"203.0.113.1"}, 1h);
  }
  void set(Posture posture, milliseconds duration = 0ms) {
    host.tell(PostureChanged{posture, duration == 0ms ? kNever : now() + duration});
  }
  Instant now() { return host.clock().now(); }
  bool passes(std::string_view address, Port port = 443) {
    return host.kernel().connect(tcp(address, port));
  }
  // Where the tracked flows go that have not been cut.
  std::vector<std::string> flows() {
    std::vector<std::string> left;
    for (const nft::Session& flow : host.kernel().tracked())
      if (!flow.is_cut) left.push_back(flow.destination.address.text());
    return left;
  }
  void expect_enforcing() {
    EXPECT_TRUE(passes("203.0.113.1"));
    EXPECT_TRUE(passes("192.0.2.7"));
    EXPECT_FALSE(passes("203.0.113.2"));
    EXPECT_TRUE(host.engine().is_settled());
  }

  test::GuardedHost host;
};

TEST_F(Postures, OpenRefusesNothingAndLeavesQuestionsAlone) {
  expect_enforcing();
  ASSERT_TRUE(is_guarded(host.engine().inputs()));
  set(Posture::open);
  EXPECT_TRUE(passes("203.0.113.2"));
  EXPECT_FALSE(is_guarded(host.engine().inputs()));
  EXPECT_TRUE(host.engine().installed()->base.is_audit);
  EXPECT_FALSE(host.engine().installed()->base.dns_guard);
  set(Posture::enforcing);
  expect_enforcing();
  EXPECT_TRUE(is_guarded(host.engine().inputs()));
}

TEST_F(Postures, TheTableOfAnOpenHostHasTheEndInIt) {
  const WallTime end{1'800'000'000s};
  host.tell(PostureChanged{Posture::open, now() + 10min, end});
  EXPECT_EQ(host.engine().installed()->base.audit_ends, end);
  host.tell(PostureChanged{Posture::open, kNever});
  EXPECT_EQ(host.engine().installed()->base.audit_ends, std::nullopt);
  host.tell(PostureChanged{Posture::enforcing, kNever, end});
  EXPECT_EQ(host.engine().installed()->base.audit_ends, std::nullopt);
}

TEST_F(Postures, OpenEndsByItselfAtItsTime) {
  set(Posture::open, 10min);
  EXPECT_LE(host.engine().next_deadline(), host.clock().now() + 10min);
  host.pass(10min - 1ms);
  EXPECT_TRUE(passes("203.0.113.2"));
  host.pass(1ms);
  EXPECT_FALSE(passes("203.0.113.2"));
  EXPECT_EQ(host.engine().inputs().posture, Posture::enforcing);
  EXPECT_THAT(host.notices(), Contains(Field(&Notice::event, "closed")));
}

// What was made while everything passed, and is not allowed, ends; the rest goes on.
TEST_F(Postures, ConnectionsMadeWhileOpenAreCutWhenItCloses) {
  set(Posture::open);
  for (const char* address : {"203.0.113.1", "203.0.113.2", "192.0.2.7", "127.0.0.1", "0.0.0.0"})
    passes(address);
  ASSERT_EQ(flows().size(), 5U);
  set(Posture::enforcing);
  EXPECT_THAT(flows(), testing::ElementsAre("203.0.113.1", "192.0.2.7", "127.0.0.1", "0.0.0.0"));
}

TEST_F(Postures, NothingIsCutWhereNothingWasOpen) {
  set(Posture::panic);
  passes("127.0.0.1");
  set(Posture::enforcing);
  passes("203.0.113.1");
  host.kernel().connect(tcp("198.51.100.1"));
  const auto before = flows().size();
  set(Posture::panic);
  set(Posture::enforcing);
  EXPECT_EQ(flows().size(), before);
}

TEST_F(Postures, ConnectionsMadeWhileOpenAreCutAlsoWhenPanicFollows) {
  set(Posture::open);
  passes("203.0.113.2");
  set(Posture::panic);
  EXPECT_TRUE(flows().empty());
}

TEST_F(Postures, PanicAdmitsNothingButLoopback) {
  set(Posture::panic);
  EXPECT_FALSE(passes("203.0.113.1"));
  EXPECT_FALSE(passes("192.0.2.7"));
  EXPECT_TRUE(passes("127.0.0.1", 8080));
  EXPECT_FALSE(host.kernel().connect({*IpAddress::parse("10.0.0.2"), Transport::udp, 53}));
  set(Posture::enforcing);
  expect_enforcing();
}

TEST_F(Postures, PanicOverridesOpenAndAuditAndEndsByItself) {
  set(Posture::open);
  set(Posture::panic, 1min);
  EXPECT_FALSE(passes("203.0.113.1"));
  auto audit = std::make_shared<policy::Policy>(*host.engine().inputs().policy);
  audit->mode = policy::Mode::audit;
  host.tell(PolicyChanged{audit, host.clock().wall()});
  EXPECT_FALSE(passes("203.0.113.1")) << "a reload does not end it";
  audit = std::make_shared<policy::Policy>(*audit);
  audit->mode = policy::Mode::enforce;
  host.tell(PolicyChanged{audit, host.clock().wall()});
  host.pass(1min);
  expect_enforcing();
  EXPECT_THAT(host.notices(), Contains(Field(&Notice::event, "resumed")));
}

// Names that could not be resolved meanwhile are asked for at once.
TEST_F(Postures, AfterPanicWhatFailedIsAskedForAgain) {
  set(Posture::panic);
  ASSERT_TRUE(host.fail("api.openai.com", Family::ipv6, dns::Status::timeout));
  for (int i = 0; i < 20; ++i) {
    host.pass(2min);
    host.fail("api.openai.com", Family::ipv6, dns::Status::timeout);
  }
  ASSERT_THAT(host.asked(), testing::Not(Contains(dns::Question{kApi, Family::ipv6})));
  set(Posture::enforcing);
  EXPECT_THAT(host.asked(), Contains(dns::Question{kApi, Family::ipv6}));
}

TEST_F(Postures, AStartInPanicNeverInstallsAnythingElse) {
  test::FakeClock clock;
  test::FakeKernel kernel(clock);
  Engine engine(kernel.capabilities());
  engine.handle(PostureChanged{Posture::panic, kNever}, clock.now());
  engine.handle(PolicyChanged{std::make_shared<policy::Policy>(), clock.wall()}, clock.now());
  const auto actions = engine.act(clock.now());
  const auto* commit = std::get_if<Commit>(&actions.front());
  ASSERT_NE(commit, nullptr);
  EXPECT_TRUE(commit->transaction.replace && commit->transaction.replace->is_panic);
}

}  // namespace
}  // namespace egress::engine
