// What the operator has added is never lost, whatever happens to the files beside it.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "egress/core/limits.hpp"
#include "unit/egressd/store_world.hpp"

namespace egress::daemon {
namespace {

constexpr const char* kName = "tcp/added.example:443";
constexpr const char* kOther = "tcp/other.example:8443";
constexpr const char* kPreset = "preset:tools";
constexpr const char* kOfPreset = "tcp/tools.example:443";

// The store and what ought to be so.
class Operator {
 public:
  Operator() {
    world.write_preset("tools", "[tools.example]");
    world.allow_in_file("filed.example");
    world.start();
  }

  struct Step {
    const char* name;
    std::function<void(Operator&)> take;
  };
  static const std::vector<Step>& steps() {
    static const std::vector<Step> kSteps{
        {"break", [](Operator& o) { o.write("version: 1\nallow: [unfinished\n", false); }},
        {"misspell", [](Operator& o) { o.write("version: 1\nalow: []\n", false); }},
        {"mend", [](Operator& o) { o.write("version: 1\nallow: [filed.example]\n", true); }},
        {"restart", [](Operator& o) { o.world.start(); }},
        {"reload", [](Operator& o) { EXPECT_EQ(o.world.reload(), o.is_whole); }},
        {"allow a name", [](Operator& o) { o.allow(kName); }},
        {"deny the name", [](Operator& o) { o.deny(kName); }},
        {"allow a preset", [](Operator& o) { o.allow(kPreset); }},
        {"deny the preset", [](Operator& o) { o.deny(kPreset); }},
    };
    return kSteps;
  }

  void check() const {
    EXPECT_EQ(world.additions_on_disk(), added);
    std::set<std::string> expected{"tcp/filed.example:443"};
    for (const std::string& target : added) expected.insert(target == kPreset ? kOfPreset : target);
    EXPECT_EQ(world.open(), expected);
  }

  StoreWorld world;
  std::set<std::string> added;
  bool is_whole = true;

 private:
  void write(const std::string& text, bool whole) {
    world.write_policy(text);
    is_whole = whole;
  }
  void allow(const std::string& target) {
    EXPECT_TRUE(world.allow(target));
    added.insert(target);
  }
  void deny(const std::string& target) { EXPECT_EQ(world.deny(target), added.erase(target) > 0); }
};

void run(const std::vector<std::size_t>& order) {
  Operator it;
  std::string told;
  for (const std::size_t step : order) {
    told += std::string(told.empty() ? "" : ", ") + Operator::steps()[step].name;
    SCOPED_TRACE(told);
    Operator::steps()[step].take(it);
    it.check();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(AdditionsAreKept, InEveryOrderOfThreeSteps) {
  const std::size_t count = Operator::steps().size();
  for (std::size_t i = 0; i < count * count * count && !HasFailure(); ++i)
    run({i % count, i / count % count, i / count / count});
}

TEST(AdditionsAreKept, InLongOrdersOfChance) {
  std::mt19937 chance(1);
  for (int turn = 0; turn < 60 && !HasFailure(); ++turn) {
    std::vector<std::size_t> order(25);
    for (std::size_t& step : order) step = chance() % Operator::steps().size();
    run(order);
  }
}

// As it was found: a restart with a broken file, an addition, and the file mended.
TEST(AdditionsAreKept, WhenOneIsMadeWhileTheLastGoodPolicyRuns) {
  StoreWorld world;
  world.write_preset("tools", "[tools.example]");
  world.allow_in_file("filed.example");
  world.start();
  ASSERT_TRUE(world.allow(kPreset));
  world.write_policy("version: 1\nalow: []\n");
  world.start();
  EXPECT_EQ(world.source, PolicySource::last_good);
  EXPECT_EQ(world.problems.front().place.line, 2);
  ASSERT_TRUE(world.allow(kName));
  EXPECT_FALSE(world.deny("filed.example:443"));
  EXPECT_EQ(world.policy.entries.find("tcp/filed.example:443")->origin.text(),
            (world.folder / "etc/egressd.yaml") + ":2:9")
      << "where it was written";
  world.allow_in_file("filed.example");
  ASSERT_TRUE(world.reload());
  EXPECT_EQ(world.open(), (std::set<std::string>{kName, kOfPreset, "tcp/filed.example:443"}));
}

TEST(AdditionsAreKept, WhereThereNeverWasAPolicyThatCouldBeUsed) {
  StoreWorld world;
  world.write_policy("nonsense");
  world.start();
  EXPECT_EQ(world.source, PolicySource::nothing);
  ASSERT_TRUE(world.allow(kName));
  world.start();
  EXPECT_EQ(world.source, PolicySource::nothing);
  EXPECT_EQ(world.open(), std::set<std::string>{kName});
  EXPECT_FALSE(std::filesystem::exists(world.paths().last_good_policy()))
      << "nothing allowed is no good policy";
}

// One that cannot be read is left as it is; what it held goes on.
TEST(AdditionsAreKept, WhereTheirOwnFileCannotBeRead) {
  StoreWorld world;
  world.write_preset("tools", "[tools.example]");
  world.allow_in_file("filed.example");
  world.start();
  ASSERT_TRUE(world.allow(kPreset) && world.allow(kName));
  ASSERT_TRUE(world.store->keep_last_good());
  const std::string held = world.folder.read("state/additions.yaml");
  const std::string broken = "x" + held;
  world.folder.write("state/additions.yaml", broken);
  world.start();
  EXPECT_EQ(world.source, PolicySource::last_good);
  EXPECT_TRUE(world.is_open(kName) && world.is_open(kOfPreset));
  EXPECT_FALSE(world.allow(kOther));
  EXPECT_FALSE(world.deny(kName));
  EXPECT_FALSE(world.is_open(kOther));
  EXPECT_EQ(world.folder.read("state/additions.yaml"), broken);
  world.folder.write("state/additions.yaml", held);
  ASSERT_TRUE(world.reload());
  EXPECT_TRUE(world.allow(kOther));
  EXPECT_EQ(world.additions_on_disk(), (std::set<std::string>{kPreset, kName, kOther}));
}

// With every option, so that the files are as large as they can be.
TEST(AdditionsAreKept, AsManyAsThereMayBe) {
  StoreWorld world;
  world.allow_in_file("");
  world.start();
  policy::EntryOptions options{true,
                               true,
                               true,
                               true,
                               true,
                               {},
                               kToday + std::chrono::hours(1),
                               std::string(limits::kReasonBytes, 'r')};
  std::vector<policy::Addition> additions;
  for (std::size_t i = 0; i < limits::kEntries; ++i)
    additions.push_back({"tcp/" + std::string(50, 'n') + std::to_string(i) + ".example:443",
                         options, "root (uid 0)", kToday});
  LoadedPolicy loaded = world.store->with_additions(additions, kToday);
  ASSERT_TRUE(loaded && world.store->keep_additions(loaded->additions));
  ASSERT_TRUE(world.store->keep_last_good());
  world.start();
  EXPECT_EQ(world.source, PolicySource::files);
  EXPECT_EQ(world.policy.entries.size(), limits::kEntries);
  world.folder.write("state/additions.yaml", "broken: [");
  world.start();
  EXPECT_EQ(world.policy.entries.size(), limits::kEntries) << "by the last good policy";
  EXPECT_FALSE(world.allow("one-more.example"));
}

}  // namespace
}  // namespace egress::daemon
