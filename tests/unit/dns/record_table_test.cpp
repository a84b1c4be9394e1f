#include "egress/dns/record_table.hpp"

#include <gtest/gtest.h>

#include "egress/core/limits.hpp"

namespace egress::dns {
namespace {

using namespace std::chrono_literals;

Question services(const std::string& name) {
  return {*DnsName::parse(name), Family::ipv4, Records::services};
}
Question nth(std::size_t n) {
  return services("_s" + std::to_string(n) + "._tcp.corp.example");
}
Answer answer_to(const Question& question) {
  return {.question = question,
          .addresses = {},
          .ttl = 60s,
          .chain = {},
          .services = {{0, 0, 389, "dc.corp.example"}}};
}

class RecordTableTest : public testing::Test {
 protected:
  void fill() {
    for (std::size_t i = 0; i < limits::kServicesPerHost; ++i) {
      ASSERT_TRUE(table.has_room_for(nth(i), now)) << i;
      table.want(nth(i), now);
    }
    for (const Question& question : table.take_questions()) table.absorb(answer_to(question), now);
  }

  RecordTable table;
  Instant now{1h};
};

TEST_F(RecordTableTest, AsksOnceHoweverManyWait) {
  table.want(nth(0), now);
  table.want(nth(0), now);
  EXPECT_EQ(table.take_questions(), std::vector{nth(0)});
  table.want(nth(0), now);
  EXPECT_TRUE(table.take_questions().empty());
  EXPECT_TRUE(table.absorb(answer_to(nth(0)), now));
  EXPECT_EQ(table.find(nth(0))->services.size(), 1u);
  EXPECT_FALSE(table.absorb(answer_to(nth(0)), now)) << "a late or doubled answer";
}

TEST_F(RecordTableTest, OneMoreServiceOfAHostThanThereIsRoomForIsNotAsked) {
  fill();
  EXPECT_FALSE(table.has_room_for(nth(limits::kServicesPerHost), now));
  table.want(nth(limits::kServicesPerHost), now);
  EXPECT_TRUE(table.take_questions().empty());
  EXPECT_TRUE(table.has_room_for(nth(0), now)) << "known already";
  EXPECT_TRUE(table.has_room_for(services("_ldap._tcp.other.example"), now)) << "of another host";
  EXPECT_TRUE(
      table.has_room_for({*DnsName::parse("corp.example"), Family::ipv4, Records::texts}, now));
}

TEST_F(RecordTableTest, WhatIsNotUsedMakesRoomInTime) {
  fill();
  now += limits::kServiceMemory - 1s;
  table.use(nth(0), now);
  EXPECT_FALSE(table.has_room_for(nth(20), now));
  now += 1s;
  ASSERT_TRUE(table.has_room_for(nth(20), now));
  table.want(nth(20), now);
  EXPECT_EQ(table.take_questions(), std::vector{nth(20)});
  EXPECT_NE(table.find(nth(0)), nullptr) << "in use";
  EXPECT_EQ(table.find(nth(1)), nullptr);
}

TEST_F(RecordTableTest, AFailureKeepsNothingOfTheFailure) {
  fill();
  table.want(nth(0), now);
  (void)table.take_questions();
  Answer failed = answer_to(nth(0));
  failed.status = Status::servfail;
  failed.services.clear();
  EXPECT_TRUE(table.absorb(failed, now));
  EXPECT_EQ(table.find(nth(0))->lookup.status, Status::servfail);
  EXPECT_EQ(table.find(nth(0))->services.size(), 1u);
}

TEST_F(RecordTableTest, ForgetsAHost) {
  fill();
  table.forget([](const DnsName& host) { return host.text() == "corp.example"; });
  EXPECT_EQ(table.find(nth(0)), nullptr);
  EXPECT_TRUE(table.has_room_for(nth(20), now));
}

}  // namespace
}  // namespace egress::dns
