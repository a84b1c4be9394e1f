#include "egress/dns/name_table.hpp"

#include <gmock/gmock.h>

#include "egress/core/limits.hpp"

namespace egress::dns {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const DnsName kApi = *DnsName::parse("api.openai.com");
const DnsName kOther = *DnsName::parse("api.anthropic.com");

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

class NameTableTest : public testing::Test {
 protected:
  NameTableTest() { table_.set_lifetimes({5s, 1h, 15min}); }

  void follow(const std::set<DnsName>& names) {
    for (const DnsName& name : names) table_.follow(name, now_);
  }
  std::vector<DnsName> owners(std::string_view address) const {
    std::vector<DnsName> names;
    for (const DnsName* name : table_.owners(ip(address))) names.push_back(*name);
    return names;
  }
  std::vector<Question> ask() {
    table_.advance(now_);
    return table_.take_questions();
  }
  NameTable::Touched answer(const DnsName& name, std::vector<IpAddress> addresses, seconds ttl,
                            Family family = Family::ipv4) {
    return table_.absorb({{name, family}, Status::ok, std::move(addresses), ttl, {}}, now_);
  }
  NameTable::Touched failure(const DnsName& name, Status status, Family family = Family::ipv4) {
    return table_.absorb({{name, family}, status, {}, 0s, {}}, now_);
  }
  const HeldAddress* held(const DnsName& name, std::string_view address) {
    return table_.find(name)->find(ip(address));
  }

  NameTable table_;
  Instant now_{1h};
};

TEST_F(NameTableTest, ANewNameIsAskedForBothFamiliesAtOnceAndOnlyOnce) {
  follow({kApi});
  EXPECT_THAT(ask(),
              UnorderedElementsAre(Question{kApi, Family::ipv4}, Question{kApi, Family::ipv6}));
  EXPECT_THAT(ask(), IsEmpty());
}

TEST_F(NameTableTest, AnAddressLivesForItsTtlAndTheGraceAndIsAskedForAgainAtItsTtl) {
  follow({kApi});
  ask();
  EXPECT_THAT(answer(kApi, {ip("192.0.2.1")}, 30s), Contains(ip("192.0.2.1")));
  EXPECT_EQ(held(kApi, "192.0.2.1")->expires, now_ + 30s + 15min);
  EXPECT_EQ(table_.next_deadline(), now_ + 30s);
  now_ += 30s - 1ms;
  EXPECT_THAT(ask(), IsEmpty());
  now_ += 1ms;
  EXPECT_THAT(ask(), UnorderedElementsAre(Question{kApi, Family::ipv4}));
}

TEST_F(NameTableTest, TtlsAreClampedAndThoseOfTwoToThe31CountAsZero) {
  const Lifetimes lifetimes{5s, 1h, 15min};
  EXPECT_EQ(clamp_ttl(0s, lifetimes), 5s);
  EXPECT_EQ(clamp_ttl(4s, lifetimes), 5s);
  EXPECT_EQ(clamp_ttl(6s, lifetimes), 6s);
  EXPECT_EQ(clamp_ttl(3601s, lifetimes), 1h);
  EXPECT_EQ(clamp_ttl(seconds{(std::int64_t{1} << 31) - 1}, lifetimes), 1h);
  EXPECT_EQ(clamp_ttl(seconds{std::int64_t{1} << 31}, lifetimes), 5s);
}

TEST_F(NameTableTest, ARotatedAddressStaysForTheGraceAfterItWasLastSeen) {
  follow({kApi});
  ask();
  answer(kApi, {ip("192.0.2.1")}, 30s);
  const Instant end = held(kApi, "192.0.2.1")->expires;
  now_ += 30s;
  ask();
  EXPECT_THAT(answer(kApi, {ip("192.0.2.2")}, 30s),
              UnorderedElementsAre(ip("192.0.2.1"), ip("192.0.2.2")));
  EXPECT_FALSE(held(kApi, "192.0.2.1")->is_current);
  EXPECT_EQ(held(kApi, "192.0.2.1")->expires, end);
  now_ = end - 1ms;
  EXPECT_THAT(table_.advance(now_), IsEmpty());
  now_ = end;
  EXPECT_THAT(table_.advance(now_), UnorderedElementsAre(ip("192.0.2.1")));
  EXPECT_EQ(held(kApi, "192.0.2.1"), nullptr);
  EXPECT_NE(held(kApi, "192.0.2.2"), nullptr);
}

TEST_F(NameTableTest, AFailingNameKeepsItsAddressesAndIsRetriedOnTheSchedule) {
  follow({kApi});
  ask();
  answer(kApi, {ip("192.0.2.1")}, 5s);
  failure(kApi, Status::nodata, Family::ipv6);
  std::vector<seconds> pauses;
  now_ += 5s;
  for (int i = 0; i < 16; ++i) {
    table_.advance(now_);
    table_.take_questions();
    failure(kApi, Status::servfail);
    failure(kApi, Status::nodata, Family::ipv6);
    const Instant next = table_.find(kApi)->v4.next_ask;
    pauses.push_back(std::chrono::duration_cast<seconds>(next - now_));
    now_ = next;
  }
  EXPECT_THAT(pauses, testing::ElementsAre(5s, 5s, 5s, 5s, 5s, 5s, 5s, 5s, 5s, 5s, 10s, 20s, 40s,
                                           80s, 120s, 120s));
  EXPECT_NE(held(kApi, "192.0.2.1"), nullptr);
}

TEST_F(NameTableTest, TheEndOfASharedAddressBelongsToEachOwner) {
  follow({kApi, kOther});
  ask();
  answer(kApi, {ip("192.0.2.1")}, 30s);
  answer(kOther, {ip("192.0.2.1")}, 60s);
  EXPECT_THAT(owners("192.0.2.1"), UnorderedElementsAre(kApi, kOther));
  EXPECT_THAT(table_.forget(kApi), UnorderedElementsAre(ip("192.0.2.1")));
  EXPECT_THAT(owners("192.0.2.1"), UnorderedElementsAre(kOther));
  table_.forget(kOther);
  EXPECT_THAT(owners("192.0.2.1"), IsEmpty());
  EXPECT_EQ(table_.next_deadline(), kNever);
}

TEST_F(NameTableTest, LateDoubledUnaskedAndForeignFamilyAnswersChangeNothing) {
  follow({kApi});
  EXPECT_THAT(answer(kApi, {ip("192.0.2.1")}, 30s), IsEmpty()) << "not asked yet";
  ask();
  EXPECT_THAT(answer(kApi, {ip("2001:db8::1")}, 30s, Family::ipv4),
              Contains(ip("2001:db8::1")).Times(0));
  EXPECT_THAT(answer(kApi, {ip("192.0.2.1")}, 30s), IsEmpty()) << "doubled";
  EXPECT_THAT(table_.find(kApi)->addresses, IsEmpty());
  table_.forget(kApi);
  EXPECT_THAT(answer(kApi, {ip("2001:db8::1")}, 30s, Family::ipv6), IsEmpty())
      << "no longer tracked";
}

TEST_F(NameTableTest, ANameDroppedAndAddedWhileItsQuestionIsUnderWayTakesThatAnswer) {
  follow({kApi});
  ask();
  table_.forget(kApi);
  follow({kApi});
  EXPECT_THAT(ask(), IsEmpty()) << "the questions are still under way";
  answer(kApi, {ip("192.0.2.1")}, 30s);
  EXPECT_NE(held(kApi, "192.0.2.1"), nullptr);
}

TEST_F(NameTableTest, AnAnswerAndANameHaveALimitOfAddressesAndCurrentOnesAreKept) {
  follow({kApi});
  constexpr std::size_t kAnswers = limits::kAddressesPerName / limits::kAddressesPerAnswer;
  for (std::size_t round = 0; round < kAnswers; ++round) {
    std::vector<IpAddress> many;
    for (int i = 0; i <= 256; ++i)  // one too many
      many.push_back(
          IpAddress::v4({198, static_cast<std::uint8_t>(50 + round),
                         static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i % 256)}));
    ask();
    answer(kApi, many, 5s);
    EXPECT_EQ(table_.find(kApi)->addresses.size(), (round + 1) * limits::kAddressesPerAnswer);
    now_ += 5s;
  }
  ask();
  EXPECT_THAT(answer(kApi, {ip("203.0.113.1")}, 5s), Contains(ip("203.0.113.1")));
  EXPECT_EQ(table_.find(kApi)->addresses.size(), limits::kAddressesPerName);
  EXPECT_NE(held(kApi, "203.0.113.1"), nullptr);
}

TEST_F(NameTableTest, NoMoreQuestionsAreUnderWayThanTheLimitAndNoNameStarves) {
  std::set<DnsName> names;
  for (int i = 0; i < 3000; ++i)
    names.insert(*DnsName::parse("n" + std::to_string(i) + ".example.com"));
  follow(names);
  std::set<Question> asked;
  std::vector<Question> batch = ask();
  EXPECT_EQ(batch.size(), limits::kLookupsInFlight);
  while (!batch.empty()) {
    for (const Question& question : batch) {
      EXPECT_TRUE(asked.insert(question).second);
      failure(question.name, Status::timeout, question.family);
    }
    batch = table_.take_questions();
  }
  EXPECT_EQ(asked.size(), 2 * names.size());
}

TEST_F(NameTableTest, ARestoredAddressEndsWhenItWouldHaveButNeverLaterThanAFreshOne) {
  follow({kApi});
  EXPECT_THAT(table_.restore(kApi, ip("192.0.2.1"), now_ + 10min, now_), Contains(ip("192.0.2.1")));
  EXPECT_THAT(table_.restore(kApi, ip("192.0.2.2"), now_ + 1000h, now_), Contains(ip("192.0.2.2")));
  EXPECT_THAT(table_.restore(kApi, ip("192.0.2.3"), now_, now_), IsEmpty()) << "already over";
  EXPECT_THAT(table_.restore(kOther, ip("192.0.2.4"), now_ + 1min, now_), IsEmpty())
      << "not tracked";
  EXPECT_EQ(held(kApi, "192.0.2.1")->expires, now_ + 10min);
  EXPECT_EQ(held(kApi, "192.0.2.2")->expires, now_ + 1h + 15min);
}

TEST_F(NameTableTest, NewResolversRetryFailingNamesAtOnceAndLeaveHealthyOnesAlone) {
  follow({kApi, kOther});
  ask();
  answer(kApi, {ip("192.0.2.1")}, 30s);
  failure(kApi, Status::nodata, Family::ipv6);
  failure(kOther, Status::timeout);
  failure(kOther, Status::unreachable, Family::ipv6);
  table_.retry_failing(now_);
  EXPECT_THAT(ask(),
              UnorderedElementsAre(Question{kOther, Family::ipv4}, Question{kOther, Family::ipv6}));
}

TEST_F(NameTableTest, ADoubtedNameIsAskedForAnewAndKeepsItsAddresses) {
  const DnsName learnt = *DnsName::parse("a.anthropic.com");
  follow({kApi, kOther});
  table_.learn(learnt, "*.anthropic.com", now_);
  for (const Family family : kFamilies) table_.want({learnt, family}, now_);
  ask();
  for (const DnsName& name : {kApi, kOther, learnt}) {
    answer(name, {ip("192.0.2.1")}, 30s);
    failure(name, Status::nxdomain, Family::ipv6);
  }
  ASSERT_THAT(ask(), IsEmpty());
  table_.doubt(now_, [](const DnsName& name) { return name != kApi; });
  EXPECT_THAT(ask(),
              UnorderedElementsAre(Question{kOther, Family::ipv4}, Question{kOther, Family::ipv6}));
  EXPECT_EQ(table_.find(learnt)->v4.ttl, 0s) << "a program's question asks for it";
  EXPECT_EQ(table_.find(kApi)->v4.ttl, 30s);
  EXPECT_EQ(held(kOther, "192.0.2.1")->expires, now_ + 30s + 15min);
}

}  // namespace
}  // namespace egress::dns
