// SRV and TXT of entries that say so: what is asked, what is told, and what opens by it.
#include "egress/core/limits.hpp"
#include "unit/guard/guard_fixture.hpp"

namespace egress::guard::test {
namespace {

using namespace std::chrono_literals;
using egress::test::allow_entry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr unsigned kSrv = 33;
constexpr const char* kHost = "cluster0.abcde.mongodb.net";
constexpr const char* kService = "_mongodb._tcp.cluster0.abcde.mongodb.net";
constexpr const char* kShard = "shard-00.abcde.mongodb.net";

policy::AllowEntry services_entry(std::string_view host, Port port, std::string_view domain) {
  policy::AllowEntry entry = allow_entry(name_of(host), port);
  entry.service_domain = name_of(domain);
  return entry;
}

class Services : public GuardTest {
 protected:
  Services() { host.set_policy({services_entry(kHost, 27017, "mongodb.net")}); }

  bool answer_services(std::string_view name, std::vector<dns::Service> services,
                       seconds ttl = 60s) {
    return host.answer(
        dns::Answer{.question = {name_of(name), Family::ipv4, dns::Records::services},
                    .addresses = {},
                    .ttl = ttl,
                    .chain = {},
                    .services = std::move(services)});
  }
  bool answer_texts(std::string_view name, std::vector<dns::Text> texts) {
    return host.answer(dns::Answer{.question = {name_of(name), Family::ipv4, dns::Records::texts},
                                   .addresses = {},
                                   .ttl = 60s,
                                   .chain = {},
                                   .texts = std::move(texts)});
  }
  // A program asks for the service, is told, and asks for the target.
  void reach_shard() {
    EXPECT_THAT(ask(kService, kSrv), IsEmpty());
    ASSERT_TRUE(answer_services(kService, {{0, 0, 27017, kShard}}));
    ASSERT_THAT(replies(), ElementsAre(HasSubstr("33 60 0 0 27017 shard-00.abcde.mongodb.net")));
    EXPECT_THAT(ask(kShard), IsEmpty());
    ASSERT_TRUE(host.answer(kShard, {"192.0.2.7"}));
    ASSERT_THAT(replies(), ElementsAre(HasSubstr("192.0.2.7")));
  }
  bool is_open(const char* address, Port port, Transport transport = Transport::tcp) {
    return host.engine().installed()->permits({*IpAddress::parse(address), transport, port},
                                              host.clock().now());
  }
  void expect_refused_and_not_asked(std::string_view name, unsigned type) {
    const auto asked_before = host.asked();
    EXPECT_THAT(ask(name, type), ElementsAre(HasSubstr("8183 1 0 0 1"))) << name << ' ' << type;
    EXPECT_EQ(host.asked(), asked_before) << name << ' ' << type;
  }
};

TEST_F(Services, LeadToATargetWhichOpensAtTheRecordsPortAlone) {
  expect_refused_and_not_asked(kShard, kA);
  reach_shard();
  EXPECT_TRUE(is_open("192.0.2.7", 27017));
  for (const Port port : {Port{443}, Port{27018}, Port{22}})
    EXPECT_FALSE(is_open("192.0.2.7", port)) << port;
  EXPECT_FALSE(is_open("192.0.2.7", 27017, Transport::udp));
  expect_open_for(60s + 900s);
}

TEST_F(Services, AreAskedOnceAndToldFromWhatIsHeld) {
  reach_shard();
  EXPECT_THAT(ask(kService, kSrv), ElementsAre(HasSubstr("27017 shard-00")));
  host.pass(61s);
  EXPECT_THAT(ask(kService, kSrv), IsEmpty()) << "past its TTL it is asked again";
}

TEST_F(Services, TextsOfTheHostAreToldAsTheyAre) {
  EXPECT_THAT(ask(kHost, kTxt), IsEmpty());
  ASSERT_TRUE(answer_texts(kHost, {{3, 'a', '=', 'b', 1, 'c'}, {2, 'x', 'y'}}));
  EXPECT_THAT(replies(), ElementsAre(AllOf(HasSubstr("8180 1 2 0 1"), HasSubstr("\3a=b\1c"),
                                           HasSubstr("\2xy"))));
}

TEST_F(Services, NoOtherNameAndNoOtherTypeIsAsked) {
  ASSERT_THAT(ask(kService, kSrv), IsEmpty()) << "control";
  for (const char* name :
       {"_mongodb._udp.cluster0.abcde.mongodb.net", "_mongodb._tcp.abcde.mongodb.net",
        "_mongodb._tcp.x.cluster0.abcde.mongodb.net", "_tcp.cluster0.abcde.mongodb.net",
        "x._mongodb._tcp.cluster0.abcde.mongodb.net", "_mongodb._tcp.example.com",
        "_averyveryverylongone._tcp.cluster0.abcde.mongodb.net"})
    expect_refused_and_not_asked(name, kSrv);
  for (const char* name : {"x.cluster0.abcde.mongodb.net", "abcde.mongodb.net", kShard, kService})
    expect_refused_and_not_asked(name, kTxt);
  expect_refused_and_not_asked(kService, kA);
  EXPECT_THAT(ask(kHost, kSrv), ElementsAre(HasSubstr("8180 1 0 0 1"))) << "NODATA";
  EXPECT_THAT(ask(kHost, kHttps), ElementsAre(HasSubstr("8180 1 0 0 1")));
}

TEST_F(Services, WithoutTheOptionNothingIsAsked) {
  host.set_policy({allow_entry(name_of(kHost), 27017)});
  expect_refused_and_not_asked(kService, kSrv);
  EXPECT_THAT(ask(kHost, kTxt), ElementsAre(HasSubstr("8180 1 0 0 1"))) << "NODATA";
}

TEST_F(Services, WhatLeadsElsewhereIsLeftOut) {
  EXPECT_THAT(ask(kService, kSrv), IsEmpty());
  ASSERT_TRUE(answer_services(kService, {{0, 0, 27017, "evil.example.net"},
                                         {0, 0, 27017, "xmongodb.net"},
                                         {0, 0, 22, "other-port.mongodb.net"},
                                         {0, 0, 27017, ""},
                                         {0, 0, 27017, "not a name.mongodb.net"},
                                         {1, 2, 27017, kShard}}));
  const auto told = replies();
  ASSERT_THAT(told, ElementsAre(AllOf(HasSubstr("8180 1 1 0 1"), HasSubstr("1 2 27017 shard-00"))));
  for (const char* name : {"evil.example.net", "xmongodb.net", "other-port.mongodb.net"})
    expect_refused_and_not_asked(name, kA);
  EXPECT_TRUE(knows_notice("service-filtered"));
}

TEST_F(Services, ThatLeadNowhereAllowedAreRefused) {
  EXPECT_THAT(ask(kService, kSrv), IsEmpty());
  ASSERT_TRUE(answer_services(kService, {{0, 0, 27017, "evil.example.net"}}));
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8183 1 0 0 1")));
  EXPECT_THAT(text_of_last(), HasSubstr("outside of its entry's ports or domain"));
  EXPECT_EQ(count(Verdict::filtered), 1u);
}

TEST_F(Services, AbsencesAndFailuresAreTold) {
  EXPECT_THAT(ask(kService, kSrv), IsEmpty());
  ASSERT_TRUE(
      host.answer(dns::Answer{.question = {name_of(kService), Family::ipv4, dns::Records::services},
                              .status = dns::Status::nxdomain,
                              .addresses = {},
                              .ttl = 60s,
                              .chain = {}}));
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8183 1 0")));
  host.pass(61s);
  EXPECT_THAT(ask(kService, kSrv), IsEmpty());
  ASSERT_TRUE(
      host.answer(dns::Answer{.question = {name_of(kService), Family::ipv4, dns::Records::services},
                              .status = dns::Status::servfail,
                              .addresses = {},
                              .chain = {}}));
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8182 1 0")));
}

TEST_F(Services, APrivateTargetOpensWhereTheEntrySaysSo) {
  EXPECT_THAT(ask(kService, kSrv), IsEmpty());
  ASSERT_TRUE(answer_services(kService, {{0, 0, 27017, kShard}}));
  (void)replies();
  EXPECT_THAT(ask(kShard), IsEmpty());
  ASSERT_TRUE(host.answer(kShard, {"10.0.0.7"}));
  EXPECT_THAT(replies(), ElementsAre(HasSubstr("8183"))) << "a private address";
  EXPECT_FALSE(is_open("10.0.0.7", 27017));
  policy::AllowEntry entry = services_entry(kHost, 27017, "mongodb.net");
  entry.allows_private = true;
  host.set_policy({entry});
  EXPECT_THAT(ask(kService, kSrv), ElementsAre(HasSubstr("27017")));
  EXPECT_THAT(ask(kShard), ElementsAre(HasSubstr("10.0.0.7")));
  EXPECT_TRUE(is_open("10.0.0.7", 27017));
}

TEST_F(Services, ATargetClosesWhenNoRecordLeadsToItAnyMore) {
  reach_shard();
  host.pass(60s + 900s - 1s);
  EXPECT_TRUE(is_open("192.0.2.7", 27017));
  host.pass(2s);
  EXPECT_FALSE(is_open("192.0.2.7", 27017));
  expect_refused_and_not_asked(kShard, kA);
}

TEST_F(Services, ATargetStaysAsLongAsRecordsLeadToIt) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(ask(kService, kSrv), IsEmpty());
    ASSERT_TRUE(answer_services(kService, {{0, 0, 27017, kShard}}));
    (void)replies();
    EXPECT_THAT(ask(kShard), IsEmpty());
    ASSERT_TRUE(host.answer(kShard, {"192.0.2.7"}));
    ASSERT_THAT(replies(), ElementsAre(HasSubstr("192.0.2.7")));
    EXPECT_TRUE(is_open("192.0.2.7", 27017));
    host.pass(500s);
  }
}

TEST_F(Services, WhenTheEntryGoesAllOfItCloses) {
  reach_shard();
  host.set_policy({});
  EXPECT_FALSE(is_open("192.0.2.7", 27017));
  for (const unsigned type : {kSrv, kTxt, kA}) {
    expect_refused_and_not_asked(kService, type);
    expect_refused_and_not_asked(kHost, type);
    expect_refused_and_not_asked(kShard, type);
  }
  host.set_policy({services_entry(kHost, 27017, "mongodb.net")});
  EXPECT_FALSE(is_open("192.0.2.7", 27017)) << "nothing is remembered";
  EXPECT_THAT(ask(kService, kSrv), IsEmpty());
}

TEST_F(Services, WhenThePortGoesTheTargetCloses) {
  reach_shard();
  host.set_policy({services_entry(kHost, 27018, "mongodb.net")});
  EXPECT_FALSE(is_open("192.0.2.7", 27017));
  expect_refused_and_not_asked(kShard, kA);
}

TEST_F(Services, ATargetWithAnEntryOfItsOwnKeepsThat) {
  reach_shard();
  host.set_policy({services_entry(kHost, 27017, "mongodb.net"), allow_entry(name_of(kShard))});
  ASSERT_TRUE(host.answer(kShard, {"192.0.2.7"}));
  EXPECT_TRUE(is_open("192.0.2.7", 443));
  EXPECT_TRUE(is_open("192.0.2.7", 27017));
  host.set_policy({allow_entry(name_of(kShard))});
  EXPECT_TRUE(is_open("192.0.2.7", 443));
  EXPECT_FALSE(is_open("192.0.2.7", 27017));
  host.set_policy({services_entry(kHost, 27017, "mongodb.net"), allow_entry(name_of(kShard))});
  EXPECT_THAT(ask(kService, kSrv), IsEmpty());
  ASSERT_TRUE(answer_services(kService, {{0, 0, 27017, kShard}}));
  EXPECT_TRUE(is_open("192.0.2.7", 27017)) << "its addresses are known already";
  host.set_policy({services_entry(kHost, 27017, "mongodb.net")});
  EXPECT_FALSE(is_open("192.0.2.7", 443));
  EXPECT_TRUE(is_open("192.0.2.7", 27017)) << "the record still leads to it";
}

TEST_F(Services, OneProgramCannotSpellOutMuchInNamesOfServices) {
  const auto nth = [](std::size_t n) { return "_s" + std::to_string(n) + "._tcp." + kHost; };
  for (std::size_t i = 0; i < limits::kServicesPerHost; ++i) {
    EXPECT_THAT(ask(nth(i), kSrv), IsEmpty());
    ASSERT_TRUE(answer_services(nth(i), {{0, 0, 27017, kShard}}, 0s));
    (void)replies();
  }
  expect_refused_and_not_asked(nth(limits::kServicesPerHost), kSrv);
  EXPECT_EQ(count(Verdict::limited), 1u);
  EXPECT_THAT(ask(nth(3), kSrv), IsEmpty()) << "a known one is asked for again";
  host.pass(limits::kServiceMemory + 1s);
  (void)replies();  // to who still waited
  EXPECT_THAT(ask(nth(limits::kServicesPerHost), kSrv), IsEmpty());
}

TEST_F(Services, TheStandingOfTheEntryHoldsWhatTheyLedTo) {
  const policy::AllowEntry& entry = host.engine().inputs().policy->entries[0];
  ASSERT_TRUE(host.answer(kHost, {}));
  ASSERT_TRUE(host.answer(dns::Answer{.question = {name_of(kHost), Family::ipv6},
                                      .status = dns::Status::nodata,
                                      .addresses = {},
                                      .chain = {}}));
  EXPECT_EQ(host.engine().standing(entry, host.clock().now()).state, engine::Standing::State::open)
      << "it needs no address of its own";
  reach_shard();
  const auto standing = host.engine().standing(entry, host.clock().now());
  ASSERT_EQ(standing.addresses.size(), 1u);
  EXPECT_EQ(standing.addresses[0].first.text(), "192.0.2.7");
}

}  // namespace
}  // namespace egress::guard::test
