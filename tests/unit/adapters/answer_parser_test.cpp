#include "adapters/cares/answer_parser.hpp"

#include <gtest/gtest.h>

#include <random>

#include "egress/core/limits.hpp"
#include "unit/adapters/dns_message.hpp"

namespace egress::cares {
namespace {

using dns::Status;
using test::Octets;
using test::Response;

const dns::Question kQuestion{*DnsName::parse("api.example.com"), Family::ipv4};
const dns::Question kQuestion6{*DnsName::parse("api.example.com"), Family::ipv6};

Response response() {
  return Response("api.example.com", test::kA);
}
dns::Answer parse(const Response& message) {
  return parse_answer(kQuestion, message.octets());
}
IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}
std::string address_number(unsigned i) {
  return "198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256);
}

TEST(AnswerParser, TakesEveryAddressOnceInOrder) {
  const auto answer = parse(response()
                                .a("api.example.com", 300, "192.0.2.7")
                                .a("api.example.com", 300, "192.0.2.1")
                                .a("api.example.com", 300, "192.0.2.7"));
  EXPECT_EQ(
      answer,
      (dns::Answer{kQuestion, Status::ok, {ip("192.0.2.7"), ip("192.0.2.1")}, seconds(300), {}}));
}

TEST(AnswerParser, TakesIpv6) {
  const auto message =
      Response("api.example.com", test::kAaaa).aaaa("api.example.com", 60, "2001:db8::1");
  const auto answer = parse_answer(kQuestion6, message.octets());
  EXPECT_EQ(answer.status, Status::ok);
  EXPECT_EQ(answer.addresses, std::vector{ip("2001:db8::1")});
}

TEST(AnswerParser, ChainGivesTheLeastTtlWhereverItIs) {
  for (const auto& ttls : {std::array{30U, 300U, 300U}, {300U, 30U, 300U}, {300U, 300U, 30U}}) {
    const auto answer = parse(response()
                                  .cname("api.example.com", ttls[0], "a.cdn.example")
                                  .cname("a.cdn.example", ttls[1], "b.cdn.example")
                                  .a("b.cdn.example", ttls[2], "192.0.2.1"));
    EXPECT_EQ(answer.status, Status::ok);
    EXPECT_EQ(answer.ttl, seconds(30));
    EXPECT_EQ(answer.chain, (std::vector<std::string>{"a.cdn.example", "b.cdn.example"}));
  }
}

TEST(AnswerParser, LeastTtlOfTheAddressesCounts) {
  const auto answer =
      parse(response().a("api.example.com", 300, "192.0.2.1").a("api.example.com", 5, "192.0.2.2"));
  EXPECT_EQ(answer.ttl, seconds(5));
}

TEST(AnswerParser, ChainMayComeInAnyOrder) {
  const auto answer =
      parse(response().a("b.example", 60, "192.0.2.1").cname("api.example.com", 60, "b.example"));
  EXPECT_EQ(answer.addresses, std::vector{ip("192.0.2.1")});
}

TEST(AnswerParser, OwnersCompareWithoutCase) {
  EXPECT_EQ(parse(response().a("API.Example.COM", 60, "192.0.2.1")).status, Status::ok);
}

TEST(AnswerParser, UnrelatedOwnersOpenNothing) {
  const auto answer =
      parse(response().a("evil.example", 60, "203.0.113.9").a("api.example.com", 60, "192.0.2.1"));
  EXPECT_EQ(answer.addresses, std::vector{ip("192.0.2.1")});
  EXPECT_EQ(parse(response().a("evil.example", 60, "203.0.113.9")).status, Status::nodata);
}

// RFC 1034 section 3.6.2: a name with a CNAME has no other data.
TEST(AnswerParser, AddressesBesideACnameAreIgnored) {
  const auto answer = parse(response()
                                .a("api.example.com", 60, "203.0.113.9")
                                .cname("api.example.com", 60, "b.example")
                                .a("b.example", 60, "192.0.2.1"));
  EXPECT_EQ(answer.addresses, std::vector{ip("192.0.2.1")});
}

TEST(AnswerParser, OtherClassesAndTypesAreIgnored) {
  const auto answer = parse(response()
                                .record("api.example.com", test::kA, 60, {203, 0, 113, 9}, 3)
                                .record("api.example.com", 16, 60, {1, 'x'})
                                .aaaa("api.example.com", 60, "2001:db8::9"));
  EXPECT_EQ(answer.status, Status::nodata);
}

TEST(AnswerParser, ADotInsideALabelIsNotALabelBoundary) {
  Octets owner{15, 'a', 'p', 'i', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'c', 'o', 'm', 0};
  auto octets = response().octets();
  octets.insert(octets.end(), owner.begin(), owner.end());
  const Octets rest{0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 9};
  octets.insert(octets.end(), rest.begin(), rest.end());
  octets[7] = 1;
  EXPECT_EQ(parse_answer(kQuestion, octets).status, Status::nodata);
}

// c-ares 1.18 ends the text of such a name at the NUL, which would make it another's.
TEST(AnswerParser, ALabelThatIsANulDoesNotEndAName) {
  using namespace std::string_view_literals;
  const auto answer = parse(response()
                                .cname("api.example.com", 60, "cdn.example.com.\0.evil.example"sv)
                                .a("cdn.example.com", 60, "192.0.2.66"));
  EXPECT_NE(answer.status, Status::ok);
  EXPECT_TRUE(answer.addresses.empty());
}

TEST(AnswerParser, TtlsOf2To31AndMoreAreZero) {
  const auto ttl = [](std::uint32_t value) {
    return parse(response().a("api.example.com", value, "192.0.2.1")).ttl;
  };
  EXPECT_EQ(ttl(0), seconds(0));
  EXPECT_EQ(ttl(0x7FFF'FFFF), seconds(0x7FFF'FFFF));
  EXPECT_EQ(ttl(0x8000'0000), seconds(0));
  EXPECT_EQ(ttl(0xFFFF'FFFF), seconds(0));
}

TEST(AnswerParser, RcodesAreToldApart) {
  EXPECT_EQ(parse(response().rcode(1)).status, Status::servfail);  // FORMERR
  EXPECT_EQ(parse(response().rcode(2)).status, Status::servfail);
  EXPECT_EQ(parse(response().rcode(3)).status, Status::nxdomain);
  EXPECT_EQ(parse(response().rcode(5)).status, Status::refused);
  EXPECT_EQ(parse(response()).status, Status::nodata);
}

TEST(AnswerParser, AddressesOfAFailureDoNotCount) {
  const auto answer = parse(response().rcode(3).a("api.example.com", 60, "192.0.2.1"));
  EXPECT_EQ(answer.status, Status::nxdomain);
  EXPECT_TRUE(answer.addresses.empty());
}

TEST(AnswerParser, ChainWithoutAnAddressIsNodata) {
  const auto answer = parse(response().cname("api.example.com", 60, "b.example"));
  EXPECT_EQ(answer.status, Status::nodata);
  EXPECT_EQ(answer.chain, std::vector<std::string>{"b.example"});
}

TEST(AnswerParser, AnAbsenceCountsForTheLesserOfBothNumbersOfTheSoa) {
  for (const auto& [ttl, minimum] : {std::pair{40U, 300U}, {300U, 40U}}) {
    const auto answer = parse(response().rcode(3).soa("example.com", ttl, minimum));
    EXPECT_EQ(answer.ttl, seconds(40));
    EXPECT_EQ(answer.zone, "example.com");
  }
  EXPECT_EQ(parse(response()).ttl, seconds(0));
  EXPECT_EQ(parse(response().soa("other.example", 40, 40)).ttl, seconds(0));
}

TEST(AnswerParser, AnAbsenceCountsForNoLongerThanTheAliasesThatLeadToIt) {
  for (const unsigned rcode : {0U, 3U}) {
    const auto answer = parse(response()
                                  .rcode(rcode)
                                  .cname("api.example.com", 20, "a.example")
                                  .cname("a.example", 60, "b.example")
                                  .soa("example", 300, 300));
    EXPECT_EQ(answer.ttl, seconds(20)) << rcode;
  }
}

// RFC 2308 section 2.2.
TEST(AnswerParser, AReferralIsNoAbsence) {
  EXPECT_EQ(parse(response().ns("example.com", "ns.example.com")).status, Status::servfail);
  EXPECT_EQ(parse(response().ns("", "a.root-servers.net")).status, Status::servfail);
  const auto absence = response().soa("example.com", 60, 60).ns("example.com", "ns.example.com");
  EXPECT_EQ(parse(absence).status, Status::nodata);
  EXPECT_EQ(parse(response().a("api.example.com", 60, "192.0.2.1").ns("example.com", "ns.example"))
                .status,
            Status::ok);
}

TEST(AnswerParser, LoopsAreMalformed) {
  EXPECT_EQ(parse(response().cname("api.example.com", 60, "api.example.com")).status,
            Status::malformed);
  EXPECT_EQ(parse(response()
                      .cname("api.example.com", 60, "b.example")
                      .cname("b.example", 60, "api.example.com")
                      .a("api.example.com", 60, "192.0.2.1"))
                .status,
            Status::malformed);
}

TEST(AnswerParser, ChainLengthHasALimit) {
  const auto chain_of = [](std::size_t length) {
    auto message = response();
    std::string owner = "api.example.com";
    for (std::size_t i = 0; i < length; ++i) {
      const std::string next = "n" + std::to_string(i) + ".example";
      message.cname(owner, 60, next);
      owner = next;
    }
    return parse(message.a(owner, 60, "192.0.2.1")).status;
  };
  EXPECT_EQ(chain_of(limits::kCnameChain), Status::ok);
  EXPECT_EQ(chain_of(limits::kCnameChain + 1), Status::malformed);
}

TEST(AnswerParser, AddressesHaveALimit) {
  const auto count_of = [](std::size_t count) {
    auto message = response();
    for (unsigned i = 0; i < count; ++i) message.a("api.example.com", 60, address_number(i));
    return parse(message).addresses.size();
  };
  EXPECT_EQ(count_of(limits::kAddressesPerAnswer), limits::kAddressesPerAnswer);
  EXPECT_EQ(count_of(limits::kAddressesPerAnswer + 1), limits::kAddressesPerAnswer + 1);
  EXPECT_EQ(count_of(limits::kAddressesPerAnswer + 2), limits::kAddressesPerAnswer + 1);
}

TEST(AnswerParser, WhatIsNotAResponseToTheQuestionIsMalformed) {
  const auto good = response().a("api.example.com", 60, "192.0.2.1");
  ASSERT_EQ(parse(good).status, Status::ok);
  EXPECT_EQ(parse(Response(good).flags(0x0100)).status, Status::malformed);  // a query
  EXPECT_EQ(parse(Response(good).flags(0x8380)).status, Status::malformed);  // truncated
  EXPECT_EQ(parse(Response(good).flags(0xA180)).status, Status::malformed);  // NOTIFY
  EXPECT_EQ(parse(Response(good).set16(4, 0)).status, Status::malformed);    // no question
  EXPECT_EQ(parse(Response(good).set16(6, 2)).status, Status::malformed);    // a record too few
  EXPECT_EQ(parse_answer(kQuestion6, good.octets()).status, Status::malformed);
  EXPECT_EQ(parse(Response("other.example", test::kA)).status, Status::malformed);
}

TEST(AnswerParser, RdataOfTheWrongLengthIsMalformed) {
  for (const auto& rdata : {Octets{192, 0, 2}, Octets{192, 0, 2, 1, 0}, Octets{}})
    EXPECT_EQ(parse(response().record("api.example.com", test::kA, 60, rdata)).status,
              Status::malformed);
  auto padded = test::wire_name("b.example");
  padded.push_back(0);
  EXPECT_EQ(parse(response().record("api.example.com", test::kCname, 60, padded)).status,
            Status::malformed);
}

TEST(AnswerParser, CompressionLoopsEnd) {
  const Octets points_at_itself{0xC0, 12 + 17 + 4 + 12 + 15};
  EXPECT_EQ(parse(response().record("api.example.com", test::kCname, 60, points_at_itself)).status,
            Status::malformed);
}

TEST(AnswerParser, EveryPrefixOfAGoodMessageIsMalformed) {
  const auto whole =
      response().cname("api.example.com", 60, "b.example").a("b.example", 60, "192.0.2.1").octets();
  ASSERT_EQ(parse_answer(kQuestion, whole).status, Status::ok);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(parse_answer(kQuestion, cut).status, Status::malformed) << size;
  }
}

// Under the sanitizers: no read outside of the message, whatever is in it.
TEST(AnswerParser, SurvivesDamage) {
  const auto whole =
      response().cname("api.example.com", 60, "b.example").a("b.example", 60, "192.0.2.1").octets();
  std::mt19937 random(20240117);
  for (unsigned round = 0; round < 50'000; ++round) {
    auto damaged = whole;
    for (unsigned i = 0; i < 1 + round % 4; ++i)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    damaged.resize(random() % 3 == 0 ? random() % damaged.size() : damaged.size());
    damaged.shrink_to_fit();
    const auto answer = parse_answer(kQuestion, damaged);
    EXPECT_EQ(answer.status == Status::ok, !answer.addresses.empty());
  }
}

}  // namespace
}  // namespace egress::cares
