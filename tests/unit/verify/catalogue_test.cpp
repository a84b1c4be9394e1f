// The catalogue holds what the plans make, and nothing else; and what --only and --skip choose.
#include "egressctl/verify/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "egressctl/verify/selection.hpp"
#include "world.hpp"

namespace egress::verify {
namespace {

using ::testing::HasSubstr;
using Ids = std::set<std::string_view>;

// Names and addresses of every sort, so that every kind of probe is planned.
control::ProofReply with_everything(control::ProofReply proof) {
  proof.endpoints.push_back(endpoint("tcp/192.0.2.7:8443", "", {"192.0.2.7"}));
  proof.endpoints.push_back(endpoint("udp/pool.ntp.org:123", "pool.ntp.org", {"192.0.2.9"}));
  proof.endpoints.push_back(endpoint("icmp/192.0.2.7", "", {"192.0.2.7"}));
  proof.endpoints.push_back(endpoint("tcp/*.example.net:443", "*.example.net", {}));
  proof.filtered = {"inside.example.org"};
  return proof;
}

Ids kinds_of(const Rows& rows) {
  Ids ids;
  for (const Row& row : rows) ids.insert(row.kind.id());
  return ids;
}

// Of a guarded and of an unguarded host.
Ids planned_kinds() {
  Ids ids;
  for (const auto& policy : {small_policy(), guarded_policy()}) {
    World world;
    world.proof = with_everything(policy);
    ids.merge(kinds_of(world.verify().rows));
  }
  return ids;
}

TEST(Catalogue, HoldsExactlyTheKindsThatArePlanned) {
  Ids known;
  for (const Kind& kind : kCatalogue) known.insert(kind.id);
  EXPECT_EQ(planned_kinds(), known);
}

TEST(Catalogue, IsUniqueAndGroupedAndSaysWhatEachKindMeans) {
  Ids known;
  for (const Kind& kind : kCatalogue) {
    EXPECT_TRUE(known.insert(kind.id).second) << kind.id;
    EXPECT_TRUE(kind.id.starts_with(std::string(text(KindId(kind).group())) + ".")) << kind.id;
    EXPECT_FALSE(kind.title.empty()) << kind.id;
    EXPECT_TRUE(kind.means.ends_with('.')) << kind.id;
  }
}

Selection select(const std::vector<std::string>& only, const std::vector<std::string>& skip = {}) {
  return Selection::parse(only, skip).value();
}
std::string complaint(const std::string& word) {
  const auto selection = Selection::parse({word}, {});
  return selection ? "" : selection.error().message;
}

TEST(Selection, TakesKindsGroupsAndPatterns) {
  EXPECT_TRUE(Selection().is_whole());
  EXPECT_TRUE(Selection().has("refused.ping"));
  const Selection one = select({"refused.ping"});
  EXPECT_TRUE(one.has("refused.ping"));
  EXPECT_FALSE(one.has("refused.metadata"));
  EXPECT_FALSE(one.has(Group::works));
  const Selection pattern = select({"refused.dns-*", "true"}, {"*tunnel"});
  EXPECT_TRUE(pattern.has("refused.dns-name"));
  EXPECT_TRUE(pattern.has("true.table"));
  EXPECT_FALSE(pattern.has("refused.dns-tunnel"));
  EXPECT_FALSE(pattern.has("refused.by-name"));
  EXPECT_EQ(pattern.text(), "only refused.dns-*, true; not *tunnel");
  EXPECT_EQ(select({}, {"works"}).text(), "not works");
}

TEST(Selection, NamesTheNearestOfWhatStandsForNothing) {
  EXPECT_THAT(complaint("refused.metadta"), HasSubstr("did you mean \"refused.metadata\"?"));
  EXPECT_THAT(complaint("wroks"), HasSubstr("did you mean \"works\"?"));
  EXPECT_THAT(complaint("x\x1b*"), HasSubstr("no probe is called \"x\\x1b*\""));
  EXPECT_THAT(complaint("refused.?"), HasSubstr("verify --list"));
  EXPECT_FALSE(Selection::parse({"works"}, {"works.*"})) << "nothing is left";
}

Report concluded(const Findings& findings, const Selection& chosen) {
  return conclude(findings, chosen);
}
Row row(KindId kind, Mark mark) {
  return {kind, "probe", "works", "seen", {}, mark, {}};
}

TEST(Selection, TheVerdictIsOverWhatWasChosenAndSaysSo) {
  Findings findings;
  findings.truths = {row("true.table", Mark::holds)};
  const Report report = concluded(findings, select({"true"}));
  EXPECT_EQ(report.verdict, Verdict::proven) << "no control is needed";
  EXPECT_EQ(report.rows.size(), 1U);
  EXPECT_THAT(report.summary, HasSubstr("no verdict over the whole: only true"));
  findings.truths.front().mark = Mark::fails;
  EXPECT_EQ(concluded(findings, select({"true"})).verdict, Verdict::failed);
  findings.truths.clear();
  EXPECT_EQ(concluded(findings, select({"true"})).verdict, Verdict::not_proven) << "nothing held";
}

TEST(Selection, ARefusalAlwaysNeedsThePositiveControls) {
  Findings findings;
  findings.refusals = {row("refused.ping", Mark::holds)};
  const Selection ping = select({"refused.ping"});
  EXPECT_EQ(concluded(findings, ping).verdict, Verdict::not_proven);
  findings.controls = {true, true, true, true};
  EXPECT_EQ(concluded(findings, ping).verdict, Verdict::proven);
  EXPECT_EQ(kinds_of(concluded(findings, ping).rows),
            (Ids{"refused.ping", "works.control-connect", "works.control-dns"}));
}

}  // namespace
}  // namespace egress::verify
