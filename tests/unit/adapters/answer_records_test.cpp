// Services and texts in answers.
#include <gtest/gtest.h>

#include "adapters/cares/answer_parser.hpp"
#include "egress/core/limits.hpp"
#include "unit/adapters/dns_message.hpp"

namespace egress::cares {
namespace {

using dns::Status;
using test::Octets;
using test::Response;

constexpr const char* kService = "_ldap._tcp.corp.example";
const dns::Question kServices{*DnsName::parse(kService), Family::ipv4, dns::Records::services};
const dns::Question kTexts{*DnsName::parse("corp.example"), Family::ipv4, dns::Records::texts};

Response services() {
  return Response(kService, test::kSrv);
}
Response texts() {
  return Response("corp.example", test::kTxt);
}

TEST(AnswerRecords, TakesServicesInOrderWithTheLeastTtl) {
  const auto answer = parse_answer(kServices, services()
                                                  .srv(kService, 300, 389, "dc1.corp.example")
                                                  .srv(kService, 60, 636, "DC2.corp.example")
                                                  .srv("_x._tcp.example", 5, 1, "y.example")
                                                  .a("dc1.corp.example", 10, "192.0.2.1")
                                                  .octets());
  EXPECT_EQ(answer.status, Status::ok);
  EXPECT_EQ(answer.ttl, seconds(60));
  EXPECT_EQ(answer.services, (std::vector<dns::Service>{{1, 2, 389, "dc1.corp.example"},
                                                        {1, 2, 636, "dc2.corp.example"}}));
  EXPECT_TRUE(answer.addresses.empty()) << "what comes along is not believed";
}

TEST(AnswerRecords, FollowsAnAlias) {
  const auto answer =
      parse_answer(kServices, services()
                                  .cname(kService, 30, "_ldap._tcp.other.example")
                                  .srv("_ldap._tcp.other.example", 60, 389, "a.example")
                                  .octets());
  EXPECT_EQ(answer.ttl, seconds(30));
  EXPECT_EQ(answer.chain, std::vector<std::string>{"_ldap._tcp.other.example"});
  ASSERT_EQ(answer.services.size(), 1u);
  EXPECT_EQ(answer.services[0].target, "a.example");
}

TEST(AnswerRecords, AnAnswerToAnotherTypeIsNone) {
  EXPECT_EQ(parse_answer(kServices, texts().octets()).status, Status::malformed);
  EXPECT_EQ(parse_answer(kTexts, services().octets()).status, Status::malformed);
  EXPECT_EQ(parse_answer(kServices, services().octets()).status, Status::nodata);
}

TEST(AnswerRecords, TheRootAsTargetIsNoService) {
  const auto answer = parse_answer(kServices, services().srv(kService, 60, 0, "").octets());
  ASSERT_EQ(answer.services.size(), 1u);
  EXPECT_EQ(answer.services[0].target, "");
}

TEST(AnswerRecords, NoMoreServicesAreTakenThanTheLimit) {
  Response message = services();
  for (unsigned i = 0; i <= limits::kServicesPerAnswer; ++i)
    message.srv(kService, 60, i + 1, "a.example");
  EXPECT_EQ(parse_answer(kServices, message.octets()).services.size(), limits::kServicesPerAnswer);
}

TEST(AnswerRecords, AServiceThatIsCutIsMalformed) {
  for (std::size_t size = 0; size < 8; ++size) {
    Octets rdata{0, 1, 0, 2, 0, 3, 1, 'a', 0};
    rdata.resize(size);
    EXPECT_EQ(
        parse_answer(kServices, services().record(kService, test::kSrv, 60, rdata).octets()).status,
        Status::malformed)
        << size;
  }
}

TEST(AnswerRecords, TakesTextsAsTheyAre) {
  const Octets two{1, 'a', 2, 'b', 'c'};
  const Octets empty{0};
  const auto answer = parse_answer(kTexts, texts()
                                               .record("corp.example", test::kTxt, 60, two)
                                               .record("corp.example", test::kTxt, 60, empty)
                                               .octets());
  EXPECT_EQ(answer.status, Status::ok);
  EXPECT_EQ(answer.texts, (std::vector<dns::Text>{two, empty}));
}

TEST(AnswerRecords, ATextWhoseStringsDoNotFillItIsMalformed) {
  for (const Octets& rdata : {Octets{}, Octets{2, 'a'}, Octets{1, 'a', 5}})
    EXPECT_EQ(
        parse_answer(kTexts, texts().record("corp.example", test::kTxt, 60, rdata).octets()).status,
        Status::malformed);
}

TEST(AnswerRecords, TextsAreTakenUpToTheLimit) {
  const auto with = [](std::size_t last) {
    Response message = texts();
    Octets rdata(256, 'x');
    rdata[0] = 255;
    for (std::size_t i = 0; i < limits::kTextOctets / rdata.size(); ++i)
      message.record("corp.example", test::kTxt, 60, rdata);
    if (last > 0) message.record("corp.example", test::kTxt, 60, Octets(last, 0));
    return parse_answer(kTexts, message.octets());
  };
  EXPECT_EQ(with(0).status, Status::ok);
  EXPECT_EQ(with(0).texts.size(), limits::kTextsPerAnswer);
  EXPECT_EQ(with(1).status, Status::malformed);
}

TEST(AnswerRecords, AnAbsenceHoldsNone) {
  const auto answer = parse_answer(
      kServices, services().rcode(3).srv(kService, 60, 389, "dc1.corp.example").octets());
  EXPECT_EQ(answer.status, Status::nxdomain);
  EXPECT_TRUE(answer.services.empty());
}

}  // namespace
}  // namespace egress::cares
