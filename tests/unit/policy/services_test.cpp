// `srv: true`: of whom, and whither it may lead.
#include <gtest/gtest.h>

#include "egress/policy/accepted.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

std::string domain_of(const std::string& host, const std::string& more = "") {
  const auto loaded =
      load_text("version: 1\nallow: [{ host: " + host + ", srv: true" + more + " }]\n");
  if (!loaded) return problems_of(loaded);
  const auto& domain = loaded->entries[0].service_domain;
  return domain ? domain->text() : "none";
}

TEST(ServiceDomain, IsTheRegistrableOne) {
  EXPECT_EQ(domain_of("cluster0.abcde.mongodb.net"), "mongodb.net");
  EXPECT_EQ(domain_of("mongodb.net"), "mongodb.net");
  EXPECT_EQ(domain_of("www.example.co.uk"), "example.co.uk");
  EXPECT_EQ(domain_of("someone.github.io"), "someone.github.io");
  EXPECT_EQ(domain_of("a.someone.github.io"), "someone.github.io");
  EXPECT_EQ(domain_of("x.mine.s3.amazonaws.com"), "mine.s3.amazonaws.com");
  EXPECT_EQ(domain_of("dc._msdcs.ad.corp.example"), "corp.example");
  EXPECT_EQ(domain_of("a.b.corp"), "b.corp");
  EXPECT_EQ(domain_of("corp"), "corp");
}

TEST(ServiceDomain, ThatHoldsNamesOfStrangersHasToBeMeant) {
  for (const char* host : {"db.eu-west-1.rds.amazonaws.com", "github.io"}) {
    EXPECT_NE(domain_of(host).find("strangers register"), std::string::npos) << domain_of(host);
    EXPECT_NE(domain_of(host).find("allow --wide"), std::string::npos);
  }
  EXPECT_EQ(domain_of("db.eu-west-1.rds.amazonaws.com", ", wide: true"), "amazonaws.com");
}

TEST(Services, AreOfTheEntryThatSaysSo) {
  const auto loaded =
      load_text("version: 1\nallow: [{ host: a.example.com, srv: true }, b.example.com:443]\n");
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_TRUE(loaded->entries[0].service_domain);
  EXPECT_FALSE(loaded->entries[1].service_domain);
}

TEST(Services, ArePrintedAndReadBack) {
  const auto loaded = load_text("version: 1\nallow: [{ host: a.b.example.com, srv: true }]\n");
  ASSERT_TRUE(loaded);
  const auto again = load_text(print(*loaded));
  ASSERT_TRUE(again) << problems_of(again);
  EXPECT_EQ(again->entries[0].service_domain, loaded->entries[0].service_domain);
}

// Without asking the list of public suffixes anew.
TEST(Services, AreKeptWithTheirDomainInWhatWasAccepted) {
  Accepted accepted;
  AllowEntry entry;
  entry.destination = *DnsName::parse("a.b.example.com");
  entry.service_domain = *DnsName::parse("b.example.com");
  accepted.items.push_back({"written", {std::make_shared<const AllowEntry>(entry)}});
  const auto back = parse_accepted(node(print_accepted(accepted)), kNow);
  ASSERT_TRUE(back) << (back ? "" : back.error().front().text());
  EXPECT_EQ(back->items.at(0).entries.at(0)->service_domain, entry.service_domain);
}

TEST(Services, OfAnAdditionAreWrittenAndReadBack) {
  Addition addition{.target = "tcp/a.example.com:443", .options = {}, .added_by = "root"};
  addition.options.has_services = true;
  const auto back = parse_additions(node(print_additions({addition})));
  ASSERT_TRUE(back) << back.error().front().text();
  EXPECT_TRUE(back->at(0).options.has_services);
  const auto loaded = load(Files{{node("version: 1\n")}, *back});
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_EQ(loaded->entries[0].service_domain, *DnsName::parse("example.com"));
}

TEST(Services, AnAdditionThatAsksForThemGrantsMoreThanAFileThatDoesNot) {
  Addition addition{.target = "tcp/a.example.com:443", .options = {}, .added_by = "root"};
  addition.options.has_services = true;
  const auto loaded = load(Files{{node("version: 1\nallow: [a.example.com:443]\n")}, {addition}});
  EXPECT_NE(problems_of(loaded).find("with other options"), std::string::npos)
      << problems_of(loaded);
}

}  // namespace
}  // namespace egress::policy
