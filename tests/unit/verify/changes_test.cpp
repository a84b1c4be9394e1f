// What `verify --watch` tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "egressctl/verify/watch.hpp"

namespace egress::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Report report(Verdict verdict, Rows rows) {
  return {verdict, "why", std::move(rows), {}};
}
Row row(std::string probe, Mark mark) {
  return {"refused.ping", std::move(probe), "refused", "seen", {}, mark, {}};
}

TEST(Changes, TellsTheFirstVerdictAndWhatIsWrong) {
  Changes changes;
  EXPECT_THAT(
      changes.since_last(report(Verdict::leak, {row("a", Mark::holds), row("b", Mark::leak)})),
      ElementsAre("LEAK: why", "LEAK (was ok): refused.ping: b: seen"));
}

TEST(Changes, TellsEachChangeOnceAndNothingInBetween) {
  Changes changes;
  const Report good = report(Verdict::proven, {row("a", Mark::holds), row("b", Mark::holds)});
  const Report bad = report(Verdict::leak, {row("a", Mark::holds), row("b", Mark::leak)});
  EXPECT_THAT(changes.since_last(good), ElementsAre("PROVEN: why"));
  EXPECT_THAT(changes.since_last(good), IsEmpty());
  EXPECT_THAT(changes.since_last(bad),
              ElementsAre("LEAK: why", "LEAK (was ok): refused.ping: b: seen"));
  EXPECT_THAT(changes.since_last(bad), IsEmpty());
  EXPECT_THAT(changes.since_last(good),
              ElementsAre("PROVEN: why", "ok (was LEAK): refused.ping: b: seen"));
}

TEST(Changes, AProbeThatComesOrGoesAsItShouldIsNone) {
  Changes changes;
  changes.since_last(report(Verdict::proven, {row("a", Mark::holds)}));
  EXPECT_THAT(changes.since_last(report(Verdict::proven, {row("b", Mark::holds)})), IsEmpty());
  EXPECT_THAT(changes.since_last(report(Verdict::proven, {row("c", Mark::not_applicable)})),
              IsEmpty());
}

}  // namespace
}  // namespace egress::verify
