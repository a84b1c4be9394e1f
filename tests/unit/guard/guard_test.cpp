// What the guard answers, and when.
#include "egress/guard/guard.hpp"

#include "egress/core/limits.hpp"
#include "unit/guard/guard_fixture.hpp"

namespace egress::guard::test {
namespace {

using namespace std::chrono_literals;
using egress::test::allow_entry;
using egress::test::GuardedHost;
using egress::test::wildcard;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// ---- refusal -----------------------------------------------------------------------------------

TEST_F(GuardTest, ANameThatIsNotAllowedIsRefusedAtOnceAndAskedNowhere) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  const auto asked_before = host.asked();
  EXPECT_THAT(ask("evil.example.net"), ElementsAre(HasSubstr("8183 1 0 0 1")));
  EXPECT_THAT(text_of_last(), HasSubstr("egressd: not in this host's allow-list"));
  EXPECT_EQ(host.asked(), asked_before);
  EXPECT_EQ(count(Verdict::refused), 1u);
  EXPECT_TRUE(knows_notice("name-refused"));
}

TEST_F(GuardTest, RefusalsCanSayRefused) {
  host.set_policy({}, {.refuse_with = policy::RefuseWith::refused, .wildcard_rate = {}});
  EXPECT_THAT(ask("evil.example.net"), ElementsAre(HasSubstr("8185 1 0 0 1")));
}

TEST_F(GuardTest, ANameBesideAnAllowedOneIsRefused) {
  host.set_policy(
      {allow_entry(name_of("api.example.com")), allow_entry(wildcard("*.example.org"))});
  for (const char* name : {"example.com", "x.api.example.com", "api.example.com.evil.net",
                           "xapi.example.com", "example.org", "xexample.org", "com"})
    EXPECT_THAT(ask(name), ElementsAre(HasSubstr("8183"))) << name;
}

TEST_F(GuardTest, NothingButAddressesIsServed) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  host.answer("api.example.com", {"192.0.2.1"});
  for (const unsigned type : {kTxt, kHttps, kAny, 2U, 5U, 6U, 10U, 12U, 15U, 33U, 64U, 252U, 999U})
    EXPECT_THAT(ask("api.example.com", type), ElementsAre(HasSubstr("8180 1 0 0 1"))) << type;
  EXPECT_EQ(count(Verdict::no_data), 13u);
  EXPECT_THAT(ask("evil.example.net", kTxt), ElementsAre(HasSubstr("8183")));
}

TEST_F(GuardTest, LocalhostIsAnsweredHere) {
  host.set_policy({});
  EXPECT_THAT(ask("localhost"), ElementsAre(HasSubstr("127.0.0.1")));
  EXPECT_THAT(ask("x.localhost", kAaaa), ElementsAre(HasSubstr("::1")));
}

// ---- release after commit ----------------------------------------------------------------------

TEST_F(GuardTest, AnAnswerLeavesOnceItsAddressesAreInTheTable) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  EXPECT_THAT(ask("api.example.com"), IsEmpty());
  ASSERT_TRUE(host.answer("api.example.com", {"192.0.2.1", "192.0.2.2"}));
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("192.0.2.1")));
  ASSERT_THAT(last, SizeIs(1));
  for (const char* address : {"192.0.2.1", "192.0.2.2"}) {
    const auto key = nft::ElementKey::endpoint(nft::SetId::allow,
                                               {*IpAddress::parse(address), Transport::tcp, 443});
    EXPECT_TRUE(std::ranges::any_of(last[0].table.elements, [&](const nft::LiveElement& element) {
      return element.key == key;
    })) << address;
  }
}

TEST_F(GuardTest, WithoutTheKernelsWordNoAddressLeaves) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  EXPECT_THAT(ask("api.example.com"), IsEmpty());
  for (std::uint64_t nth = 1; nth < 20; ++nth)
    host.kernel().refuse_commit(host.kernel().commits() + nth, 12);
  ASSERT_TRUE(host.answer("api.example.com", {"192.0.2.1"}));
  EXPECT_THAT(replies(), IsEmpty());
  host.pass(limits::kReleaseWithin - 1ms);
  EXPECT_THAT(replies(), IsEmpty());
  host.pass(1ms);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8182 1 0 0 1")));
  EXPECT_EQ(count(Verdict::failed), 1u);
}

TEST_F(GuardTest, EveryoneWhoAsksTheSameIsAnsweredByOneQuestion) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  for (Port port = 1; port <= 5; ++port) {
    Client client;
    client.port = port;
    EXPECT_THAT(ask("a.example.com", kA, client), IsEmpty());
  }
  EXPECT_THAT(host.asked(), SizeIs(1));
  host.answer("a.example.com", {"192.0.2.1"});
  EXPECT_THAT(replies(), SizeIs(5));
  EXPECT_EQ(host.guard().waiting(), 0u);
}

TEST_F(GuardTest, AnAnswerIsHeldForItsTtlWhichOnlyCountsDown) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  host.answer("api.example.com", {"192.0.2.1"}, 60s);
  EXPECT_THAT(ask("api.example.com"), ElementsAre(HasSubstr(" 60 192.0.2.1")));
  host.pass(25s);
  EXPECT_THAT(ask("api.example.com"), ElementsAre(HasSubstr(" 35 192.0.2.1")));
  EXPECT_EQ(count(Verdict::held), 2u);
}

TEST_F(GuardTest, TheElementOutlivesWhatWasToldByTheGrace) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  for (int round = 0; round < 5; ++round) {
    ask("api.example.com");
    host.answer("api.example.com", {"192.0.2.1"}, 100s);
    ask("api.example.com");
    ASSERT_FALSE(last.empty());
    expect_open_for(100s + 900s);
    host.pass(100s);
  }
}

TEST_F(GuardTest, ATtlOfZeroServesThoseWhoWaited) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  ask("a.example.com");
  host.answer("a.example.com", {"192.0.2.1"}, 0s);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr(" 0 192.0.2.1")));
  host.pass(1s);
  EXPECT_THAT(ask("a.example.com"), IsEmpty()) << "asked anew";
}

TEST_F(GuardTest, AGrantIsNotToldBeyondItsEnd) {
  auto entry = allow_entry(name_of("api.example.com"));
  entry.until = host.clock().wall() + 10s;
  host.set_policy({entry});
  host.answer("api.example.com", {"192.0.2.1"}, 60s);
  EXPECT_THAT(ask("api.example.com"), ElementsAre(HasSubstr(" 10 192.0.2.1")));
}

// ---- a long answer below a wildcard
// --------------------------------------------------------------

TEST_F(GuardTest, OfALongAnswerBelowAWildcardWhatIsToldIsWhatIsOpenAndNoMore) {
  std::vector<std::string> many;
  for (int i = 0; i < 256; ++i) many.push_back("192.0.2." + std::to_string(i));
  host.set_policy(
      {allow_entry(wildcard("*.example.com")), allow_entry(name_of("exact.example.com"))});
  Client tcp{.address = {}, .local = {}, .transport = Transport::tcp};
  host.take(header(0x0100, {1, 0, 0, 0}) + question("a.example.com", kA), tcp);
  host.answer("a.example.com", many);
  const auto sent = host.take_sent();
  ASSERT_THAT(sent, SizeIs(1));
  std::size_t open = 0;
  for (const nft::LiveElement& element : sent[0].table.elements)
    open += element.key.set == nft::SetId::allow ? 1 : 0;
  EXPECT_EQ(open, limits::kAddressesPerLearntAnswer);
  const std::string text = reply_text(sent[0].message);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find("192.0.2.", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, limits::kAddressesPerLearntAnswer) << text;
  host.answer("exact.example.com", many);
  EXPECT_EQ(host.engine().names().find(name_of("exact.example.com"))->addresses.size(), 256u);
}

// ---- negative answers and failures --------------------------------------------------------------

TEST_F(GuardTest, NegativeAnswersAreHeldForWhatTheSoaSays) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  ask("a.example.com");
  host.answer(dns::Answer{.question = {name_of("a.example.com"), Family::ipv4},
                          .status = dns::Status::nxdomain,
                          .addresses = {},
                          .ttl = 30s,
                          .chain = {},
                          .zone = "example.com"});
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8183 1 0 1 1")));
  host.pass(29s);
  EXPECT_THAT(ask("a.example.com"), ElementsAre(HasSubstr("8183")));
  host.pass(1s);
  EXPECT_THAT(ask("a.example.com"), IsEmpty());
}

TEST_F(GuardTest, WhileTheResolversFailAnOldAnswerIsGivenAndStaysOpen) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  ask("a.example.com");
  host.answer("a.example.com", {"192.0.2.1"}, 60s);
  replies();
  host.pass(61s);
  EXPECT_THAT(ask("a.example.com"), IsEmpty());
  host.fail("a.example.com", Family::ipv4, dns::Status::timeout);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr(" 30 192.0.2.1")));
  EXPECT_EQ(count(Verdict::stale), 1u);
  expect_open_for(30s + 900s);
  // RFC 8767: not for ever.
  host.pass(3600s);
  EXPECT_THAT(ask("a.example.com"), IsEmpty());
  host.fail("a.example.com", Family::ipv4, dns::Status::timeout);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8182 1 0 0 1")));
}

TEST_F(GuardTest, ANameThatIsGoneIsNotGivenFromMemory) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  ask("a.example.com");
  host.answer("a.example.com", {"192.0.2.1"}, 60s);
  host.pass(61s);
  replies();
  ask("a.example.com");
  host.fail("a.example.com", Family::ipv4, dns::Status::nxdomain);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8183 1 0 0 1")));
}

TEST_F(GuardTest, AFailureIsNotTriedAgainWithinASecond) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  ask("a.example.com");
  host.fail("a.example.com", Family::ipv4, dns::Status::servfail);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8182")));
  host.pass(999ms);
  EXPECT_THAT(ask("a.example.com"), ElementsAre(HasSubstr("8182")));
  host.pass(1ms);
  EXPECT_THAT(ask("a.example.com"), IsEmpty());
}

TEST_F(GuardTest, ResolversThatNeverAnswerEndInServfail) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  EXPECT_THAT(ask("a.example.com"), IsEmpty());
  host.pass(limits::kLongestWait - 1ms);
  EXPECT_THAT(replies(), IsEmpty());
  host.pass(1ms);
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8182")));
  EXPECT_EQ(host.guard().waiting(), 0u);
}

// ---- filter ------------------------------------------------------------------------------------

TEST_F(GuardTest, AnAddressThatDnsMayNotOpenIsTakenOutOfTheAnswer) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  ask("api.example.com");
  host.answer("api.example.com", {"169.254.169.254", "192.0.2.1", "10.0.0.1"});
  const auto got = replies();
  ASSERT_THAT(got, ElementsAre(HasSubstr("192.0.2.1")));
  EXPECT_THAT(got[0], Not(HasSubstr("169.254")));
  EXPECT_THAT(got[0], Not(HasSubstr("10.0.0.1")));
}

TEST_F(GuardTest, ANameThatRebindsIsRefusedAndReported) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  ask("api.example.com");
  host.answer("api.example.com", {"169.254.169.254"});
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8183 1 0 0 1")));
  EXPECT_THAT(text_of_last(), HasSubstr("egressd: every address"));
  EXPECT_TRUE(knows_notice("address-filtered"));
  EXPECT_EQ(count(Verdict::filtered), 1u);
}

TEST_F(GuardTest, AnAddressOfThisHostItselfIsToldWhereTheEntryIsPrivateAndNeverOpened) {
  const auto own = *IpAddress::parse("192.0.2.77");
  host.tell(engine::OwnAddressesChanged{{own}});
  policy::AllowEntry entry = allow_entry(name_of("llm.example.com"));
  for (const bool is_private : {false, true}) {
    entry.allows_private = is_private;
    host.set_policy({entry});
    auto told = ask("llm.example.com");
    if (told.empty()) {
      host.answer("llm.example.com", {"192.0.2.77"});
      told = replies();
    }
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told.front().find("192.0.2.77") != std::string::npos, is_private) << told.front();
    for (const auto& [key, end] : host.engine().installed()->elements) EXPECT_NE(key.first, own);
  }
}

// ---- wildcards ---------------------------------------------------------------------------------

TEST_F(GuardTest, AWildcardCoversTheNamesBelowItsBase) {
  host.set_policy({allow_entry(wildcard(".example.com"))});
  EXPECT_THAT(ask("example.com"), IsEmpty());
  EXPECT_THAT(ask("a.b.example.com"), IsEmpty());
  EXPECT_THAT(host.asked(), SizeIs(2));
}

TEST_F(GuardTest, AnExceptionIsRefusedWithAllBelowIt) {
  policy::Wildcard narrowed = wildcard(".example.com");
  host.set_policy({allow_entry(narrowed)});
  EXPECT_THAT(ask("telemetry.example.com"), IsEmpty());
  host.answer("telemetry.example.com", {"192.0.2.1"});
  EXPECT_THAT(replies(), SizeIs(1));
  narrowed.except = {name_of("telemetry.example.com")};
  host.set_policy({allow_entry(narrowed)});
  EXPECT_THAT(ask("telemetry.example.com"), ElementsAre(HasSubstr("8183")));
  EXPECT_THAT(ask("a.telemetry.example.com"), ElementsAre(HasSubstr("8183")));
  EXPECT_THAT(ask("xtelemetry.example.com"), IsEmpty());
  EXPECT_THAT(ask("example.com"), IsEmpty());
  host.set_policy({allow_entry(narrowed), allow_entry(name_of("telemetry.example.com"))});
  EXPECT_THAT(ask("telemetry.example.com"), IsEmpty()) << "an entry of its own";
}

TEST_F(GuardTest, AWildcardDoesNotCoverADohEndpoint) {
  host.set_policy(
      {allow_entry(wildcard("*.cloudflare-dns.com")), allow_entry(wildcard("*.google.com"))});
  EXPECT_THAT(ask("mozilla.cloudflare-dns.com"), ElementsAre(HasSubstr("8183")));
  EXPECT_THAT(ask("dns.google.com"), ElementsAre(HasSubstr("8183")));
  EXPECT_THAT(ask("www.google.com"), IsEmpty());
  host.set_policy({allow_entry(name_of("dns.google.com"))});
  EXPECT_THAT(ask("dns.google.com"), IsEmpty()) << "listed";
}

TEST_F(GuardTest, ARateLimitsTheNewNamesBelowAWildcard) {
  host.set_policy({allow_entry(wildcard("*.example.com"))},
                  {.wildcard_rate = policy::Rate{3, seconds(60)}});
  for (const char* name : {"a.example.com", "b.example.com", "c.example.com"})
    EXPECT_THAT(ask(name), IsEmpty());
  EXPECT_THAT(ask("d.example.com"), ElementsAre(HasSubstr("8183")));
  EXPECT_EQ(count(Verdict::limited), 1u);
  host.answer("a.example.com", {"192.0.2.1"});
  replies();
  EXPECT_THAT(ask("a.example.com"), SizeIs(1)) << "a known name is not new";
  host.pass(20s);
  replies();  // those that nobody answered
  EXPECT_THAT(ask("d.example.com"), IsEmpty()) << "one more every 20 s";
}

TEST_F(GuardTest, LabelsThatLookLikeDataRaiseAnAlarmOnce) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  for (int i = 0; i < 9; ++i) ask("www" + std::to_string(i) + ".example.com");
  EXPECT_FALSE(knows_notice("wildcard-alarm")) << "ordinary names";
  for (int i = 0; i < 40; ++i)
    ask("x8k2m9q4v7b1n5c3z6l0" + std::to_string(100 + i) + "jhgfdsapoiuytrewq.example.com");
  EXPECT_EQ(std::ranges::count(host.notices(), "wildcard-alarm", &engine::Notice::event), 1);
}

// ---- bounds and changes ------------------------------------------------------------------------

TEST_F(GuardTest, OneClientCannotFillTheWaitingRoom) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  Client flood;
  flood.address = *IpAddress::parse("127.0.0.1");
  for (std::size_t i = 0; i < limits::kWaitingPerClient; ++i)
    ASSERT_THAT(ask("n" + std::to_string(i) + ".example.com", kA, flood), IsEmpty());
  EXPECT_THAT(ask("more.example.com", kA, flood), ElementsAre(HasSubstr("8182")));
  Client other;
  other.address = *IpAddress::parse("172.17.0.2");
  EXPECT_THAT(ask("more.example.com", kA, other), IsEmpty());
}

// Neither by the many addresses of loopback and of the host, nor by those of one machine's /64.
TEST_F(GuardTest, OneMachineCannotFillTheWaitingRoomFromManyAddresses) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  host.tell(engine::OwnAddressesChanged{{*IpAddress::parse("192.0.2.1")}});
  const auto client = [](const std::string& address) {
    Client from;
    from.address = *IpAddress::parse(address);
    return from;
  };
  for (const auto& [flood, same, other] : {std::tuple{"127.0.0.", "192.0.2.1", "172.17.0.2"},
                                           {"fd00::1:", "fd00::2", "fd00:0:0:1::2"}}) {
    for (std::size_t i = 0; i < limits::kWaitingPerClient; ++i)
      ASSERT_THAT(ask("n" + std::to_string(i) + ".example.com", kA,
                      client(flood + std::to_string(1 + i % 9))),
                  IsEmpty());
    EXPECT_THAT(ask("more.example.com", kA, client(same)), ElementsAre(HasSubstr("8182")));
    EXPECT_THAT(ask("more.example.com", kA, client(other)), IsEmpty());
  }
  host.pass(limits::kLongestWait);
  replies();
  host.tell(engine::OwnAddressesChanged{{}});
  EXPECT_THAT(ask("more.example.com", kA, client("127.0.0.1")), IsEmpty())
      << "the room is free again";
}

TEST_F(GuardTest, WhoeverIsBehindLinksLeavesThisHostItsPlaces) {
  host.set_policy({allow_entry(wildcard("*.example.com"))});
  const auto client = [](std::size_t number) {
    Client from;
    from.address = *IpAddress::parse("172.17.0." + std::to_string(number + 2));
    return from;
  };
  const std::size_t places = limits::kWaiting - limits::kWaitingPerClient;
  for (std::size_t i = 0; i < places; ++i)
    ASSERT_THAT(ask("n" + std::to_string(i) + ".example.com", kA, client(i % 9)), IsEmpty());
  EXPECT_THAT(ask("more.example.com", kA, client(10)), ElementsAre(HasSubstr("8182")));
  Client own;
  own.address = *IpAddress::parse("127.0.0.1");
  EXPECT_THAT(ask("more.example.com", kA, own), IsEmpty());
}

TEST_F(GuardTest, WhatIsRevokedWhileAQuestionWaitsIsNotReleased) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  EXPECT_THAT(ask("api.example.com"), IsEmpty());
  host.set_policy({});
  host.answer("api.example.com", {"192.0.2.1"});
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8182 1 0 0 1")));
  EXPECT_THAT(ask("api.example.com"), ElementsAre(HasSubstr("8183")));
}

TEST_F(GuardTest, WhoAskedIsRemembered) {
  host.set_policy({allow_entry(name_of("api.example.com"))});
  host.user = 1234;
  ask("api.example.com");
  EXPECT_THAT(host.engine().names().find(name_of("api.example.com"))->askers, ElementsAre(1234u));
  host.answer("api.example.com", {"192.0.2.1"});
  host.user = 1235;
  ask("api.example.com");
  EXPECT_THAT(host.engine().names().find(name_of("api.example.com"))->askers,
              ElementsAre(1234u, 1235u))
      << "also when the answer is held";
}

TEST_F(GuardTest, WhatIsNoQueryIsCountedAndNotAsked) {
  host.set_policy({});
  host.take(Octets{1, 2, 3});
  EXPECT_THAT(replies(), IsEmpty());
  host.take(header(0x8000) + question());  // a response
  EXPECT_THAT(replies(), IsEmpty());
  EXPECT_EQ(count(Verdict::unusable), 2u);
}

}  // namespace
}  // namespace egress::guard::test
