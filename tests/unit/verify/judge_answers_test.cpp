// The guard's answers against the table: no program may be given an address that is not open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace egress::verify {
namespace {

using ::testing::HasSubstr;

Trial given(const char* host, std::vector<IpAddress> addresses,
            std::uint16_t type = probe::kTypeA) {
  Probe probe;
  probe.method = Method::dns;
  probe.name = name(host);
  probe.type = type;
  probe.guard = GuardAnswer::addresses;
  return {probe, answer(0, std::move(addresses))};
}

Row only_row(const std::vector<Trial>& answers, const control::ProofReply& proof) {
  const Rows rows = judge_answers(answers, proof);
  EXPECT_EQ(rows.size(), 1U);
  return rows.front();
}

TEST(JudgeAnswers, EveryAddressOpenHoldsAndSaysHowMany) {
  const Row row = only_row({given("api.openai.com", {ip("192.0.2.1")}),
                            given("api.openai.com", {ip("2001:db8::1")}, probe::kTypeAaaa)},
                           guarded_policy());
  EXPECT_EQ(row.mark, Mark::holds);
  EXPECT_EQ(row.evidence, "addresses given, all open: 2");
  EXPECT_THAT(row.probe, HasSubstr("api.openai.com"));
}

TEST(JudgeAnswers, OneAddressThatIsNotOpenFails) {
  const Row row = only_row({given("api.openai.com", {ip("192.0.2.1"), ip("192.0.2.2")}),
                            given("api.openai.com", {}, probe::kTypeAaaa)},
                           guarded_policy());
  EXPECT_EQ(row.mark, Mark::fails);
  EXPECT_EQ(row.seen, "192.0.2.2 is not open");
}

TEST(JudgeAnswers, AnOptionalNameMustAgreeAllTheSame) {
  auto proof = guarded_policy();
  proof.endpoints[0].optional = true;
  EXPECT_EQ(only_row({given("api.openai.com", {ip("192.0.2.2")})}, proof).mark, Mark::fails);
  EXPECT_EQ(only_row({given("api.openai.com", {})}, proof).mark, Mark::warning);
}

TEST(JudgeAnswers, EachEntryOfTheNameMustHaveOpenedIt) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/api.openai.com:8443", "api.openai.com", {"2001:db8::1"}));
  EXPECT_EQ(only_row({given("api.openai.com", {ip("192.0.2.1")})}, proof).mark, Mark::fails);
  proof.endpoints.back().addresses.push_back({"192.0.2.1", {}, 0});
  EXPECT_EQ(only_row({given("api.openai.com", {ip("192.0.2.1")})}, proof).mark, Mark::holds);
}

TEST(JudgeAnswers, APrivateAddressNeedsTheEntryThatPermitsIt) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/api.openai.com:8443", "api.openai.com", {"10.1.2.3"}));
  EXPECT_EQ(only_row({given("api.openai.com", {ip("10.1.2.3")})}, proof).mark, Mark::holds);
  EXPECT_EQ(only_row({given("api.openai.com", {ip("10.1.2.4")})}, proof).mark, Mark::fails);
}

TEST(JudgeAnswers, AnotherNamesAddressesDoNotCount) {
  auto proof = guarded_policy();
  proof.endpoints.push_back(endpoint("tcp/b.example:443", "b.example", {"192.0.2.9"}));
  const Rows rows = judge_answers(std::vector{given("api.openai.com", {ip("192.0.2.9")}),
                                              given("b.example", {ip("192.0.2.9")})},
                                  proof);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].mark, Mark::fails);
  EXPECT_EQ(rows[1].mark, Mark::holds);
}

TEST(JudgeAnswers, ANameThatLeftThePolicyMeanwhileIsNotOpen) {
  auto proof = guarded_policy();
  proof.endpoints.clear();
  EXPECT_EQ(only_row({given("api.openai.com", {ip("192.0.2.1")})}, proof).mark, Mark::fails);
}

TEST(JudgeAnswers, NoAnswerIsNoAgreement) {
  const Trial v4 = given("api.openai.com", {ip("192.0.2.1")});
  Trial v6 = given("api.openai.com", {}, probe::kTypeAaaa);
  EXPECT_EQ(only_row({v4, v6}, guarded_policy()).mark, Mark::holds);  // NODATA
  v6.seen = outcome(probe::Outcome::timeout);
  EXPECT_EQ(only_row({v4, v6}, guarded_policy()).mark, Mark::fails);
  EXPECT_EQ(only_row({v4, v6}, guarded_policy()).seen, "AAAA: timeout");
  v6.seen = answer(2, {});
  EXPECT_EQ(only_row({v4, v6}, guarded_policy()).mark, Mark::fails);
}

}  // namespace
}  // namespace egress::verify
