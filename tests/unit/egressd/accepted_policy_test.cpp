// What was accepted once stays in force, whatever becomes of the world around the files: a list of
// public suffixes, the presets after an upgrade, international names, limits, the clock.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "egress/core/limits.hpp"
#include "egress/policy/accepted.hpp"
#include "unit/egressd/store_world.hpp"

namespace egress::daemon {
namespace {

constexpr const char* kPolicy =
    "version: 1\nservices: { ntp: [time.example] }\nallow:\n  - host.example\n  - "
    "\"*.wild.example\"\n"
    "  - b\u00fccher.example\n  - preset: tools\n  - { preset: regional, region: west, optional: "
    "true }\n"
    "  - { host: inside.example, port: 8443, private: true, reason: \"a mirror\" }\n  - "
    "192.0.2.0/24\n";

class Accepted : public ::testing::Test {
 protected:
  Accepted() {
    write_presets();
    world.write_policy(kPolicy);
    world.start();
    EXPECT_EQ(world.source, PolicySource::files);
    EXPECT_TRUE(world.allow("added.example") && world.allow("preset:added-tools"));
    EXPECT_TRUE(world.store->keep_last_good());
    before = world.open();
    EXPECT_EQ(before.size(), 11U);
  }

  void write_presets() const {
    world.write_preset("tools", "[tools.example, { target: more.example, private: true }]");
    world.write_preset("regional", "[\"{region}.example\"]", "parameters: [region]\n");
    world.write_preset("added-tools", "[added-tools.example]");
  }
  // The same entries with the same options, at a start and at a reload, and neither is called a
  // failure.
  void expect_all_of_it(const std::string& warning) {
    const policy::Policy held = world.policy;
    for (const bool is_start : {true, false}) {
      if (is_start)
        world.start();
      else
        EXPECT_TRUE(world.reload());
      EXPECT_EQ(world.source, PolicySource::files);
      EXPECT_EQ(world.open(), before);
      EXPECT_TRUE(policy::changed_settings(held, world.policy).empty());
      EXPECT_TRUE(world.warns_of(warning));
      EXPECT_TRUE(world.warns_of("it was accepted before, and stays in force"));
      EXPECT_TRUE(world.allow("later.example") && world.deny("later.example"));
    }
  }

  StoreWorld world;
  std::set<std::string> before;
};

TEST_F(Accepted, ANameThatANewerListCallsAPublicSuffix) {
  world.suffixes = {"host.example"};
  EXPECT_FALSE(world.allow("host.example:8443")) << "positive control: it is refused today";
  expect_all_of_it("egressd.yaml:4:5: \"host.example\" is a public suffix");
}

TEST_F(Accepted, EveryNameOfIt) {
  world.suffixes = {"host.example",          "wild.example",        "time.example",
                    "tools.example",         "inside.example",      "added.example",
                    "xn--bcher-kva.example", "added-tools.example", "west.example"};
  expect_all_of_it("additions: \"added.example\" is a public suffix");
}

TEST_F(Accepted, AnInternationalName) {
  world.has_idn = false;
  expect_all_of_it("not a valid internationalised name");
}

TEST_F(Accepted, APresetThatIsGoneOrRenamed) {
  world.remove_preset("tools");
  world.remove_preset("added-tools");
  world.write_preset("tools-2", "[tools.example]");
  expect_all_of_it("unknown preset \"tools\"");
}

TEST_F(Accepted, APresetWithOtherParameters) {
  world.write_preset("regional", "[\"{zone}.{account}.example\"]", "parameters: [zone, account]\n");
  world.write_preset("added-tools", "[\"{zone}.example\"]", "parameters: [zone]\n");
  expect_all_of_it("needs zone");
}

TEST_F(Accepted, APresetThatCannotBeRead) {
  world.folder.write("rules/tools.yaml", "name: [\n");
  world.folder.write("rules/unused.yaml", "nonsense\n");
  expect_all_of_it("this preset cannot be used");
}

TEST_F(Accepted, APresetThatNowClashesWithTheFile) {
  world.write_preset("regional", "[west.example, { target: tools.example, private: true }]",
                     "parameters: [region]\n");
  world.write_preset("added-tools", "[{ target: host.example, private: true }]");
  expect_all_of_it("with other options");
}

TEST_F(Accepted, WhatBreaksTogether) {
  world.suffixes = {"host.example", "added.example"};
  world.has_idn = false;
  for (const char* name : {"tools", "regional", "added-tools"}) world.remove_preset(name);
  expect_all_of_it("unknown preset");
}

// The text is the one that was accepted; the value is past what is accepted today.
TEST_F(Accepted, ASettingPastALimitThatIsLowerToday) {
  const std::string text = "version: 1\nlimits: { grace: 48h }\nallow: [host.example]\n";
  world.write_policy(text);
  EXPECT_FALSE(world.reload()) << "positive control";
  policy::Policy then;
  then.limits.grace = std::chrono::hours(48);
  policy::AcceptedItem item{"\"host.example\"",
                            {std::make_shared<const policy::AllowEntry>(
                                policy::parse_entry("tcp/host.example:443").value())}};
  ASSERT_TRUE(write_last_good(world.paths(), {policy::digest_of({text}), then, {item}, {}}));
  world.start();
  EXPECT_EQ(world.source, PolicySource::files);
  EXPECT_EQ(world.policy.limits.grace, std::chrono::hours(48));
  EXPECT_TRUE(world.is_open("tcp/host.example:443"));
  EXPECT_TRUE(world.warns_of("is out of bounds"));
}

TEST_F(Accepted, MoreEntriesThanThereMayBeToday) {
  const std::string text = "version: 1\nallow: [host.example, host.example:0]\n";
  std::vector<policy::AcceptedItem> items;
  for (std::size_t i = 0; i <= limits::kEntries; ++i) {
    const std::string target = "tcp/h" + std::to_string(i) + ".example:443";
    items.push_back(
        {target,
         {std::make_shared<const policy::AllowEntry>(policy::parse_entry(target).value())}});
  }
  world.write_policy(text);
  ASSERT_TRUE(write_last_good(world.paths(), {policy::digest_of({text}), {}, items, {}}));
  world.start();
  EXPECT_EQ(world.source, PolicySource::files);
  EXPECT_EQ(world.policy.entries.size(), limits::kEntries + 3) << "and the additions";
  EXPECT_FALSE(world.allow("one-more.example"));
}

TEST_F(Accepted, ItEndsWithItsTime) {
  world.write_policy(
      "version: 1\nallow: [{ host: host.example, until: 2026-11-21T01:00:00Z }, other.example]\n");
  ASSERT_TRUE(world.reload());
  world.suffixes = {"host.example", "other.example"};
  world.start();
  EXPECT_TRUE(world.is_open("tcp/host.example:443") && world.is_open("tcp/other.example:443"));
  world.now = kToday + std::chrono::hours(1);
  world.start();
  EXPECT_FALSE(world.is_open("tcp/host.example:443"));
  EXPECT_TRUE(world.is_open("tcp/other.example:443"));
}

// An edit does not make the operator give up what he had, and nothing new comes in by it.
TEST_F(Accepted, WhenTheFileIsEditedElsewhere) {
  world.suffixes = {"host.example", "new.example"};
  world.remove_preset("tools");
  world.write_policy(std::string(kPolicy) + "  - another.example\n");
  ASSERT_TRUE(world.reload()) << world.problems.front().text();
  before.insert("tcp/another.example:443");
  EXPECT_EQ(world.open(), before);
  world.write_policy(std::string(kPolicy) + "  - new.example\n");
  EXPECT_FALSE(world.reload());
  EXPECT_EQ(world.problems.size(), 1U) << "what was accepted before is no problem";
  world.start();
  EXPECT_EQ(world.source, PolicySource::last_good);
  EXPECT_EQ(world.open(), before);
}

TEST_F(Accepted, WhatWasTakenOutIsNoLongerAccepted) {
  world.allow_in_file("other.example");
  ASSERT_TRUE(world.reload());
  world.suffixes = {"host.example"};
  world.allow_in_file("other.example, host.example");
  EXPECT_FALSE(world.reload());
}

TEST_F(Accepted, NothingAllowedNeverTakesItsPlace) {
  const std::string held = world.folder.read("state/last-good-policy.yaml");
  for (const char* text : {"nonsense", "version: 2\n", ""}) {
    world.write_policy(text);
    world.suffixes = {"host.example", "tools.example"};
    world.start();
    EXPECT_EQ(world.source, PolicySource::last_good);
    EXPECT_EQ(world.open(), before);
    EXPECT_EQ(world.folder.read("state/last-good-policy.yaml"), held);
  }
  std::filesystem::remove(world.paths().config);
  world.start();
  EXPECT_EQ(world.open(), before);
}

// Of the first version: a policy file, additions included.
TEST_F(Accepted, AFileOfAnEarlierEgressd) {
  world.folder.write("state/last-good-policy.yaml", policy::print(world.policy));
  world.write_policy("nonsense");
  world.suffixes = {"host.example"};
  world.remove_preset("tools");
  world.start();
  EXPECT_EQ(world.source, PolicySource::last_good);
  EXPECT_EQ(world.open(), before);
  world.start();
  EXPECT_EQ(world.open(), before) << "also after it was written in the new form";
}

TEST_F(Accepted, InEveryStateOfTheWorldAndAnyOrder) {
  const std::vector<std::function<void()>> steps{
      [&] { world.suffixes.insert("host.example"); },
      [&] { world.suffixes.insert("added.example"); },
      [&] { world.suffixes.insert("tools.example"); },
      [&] { world.suffixes.clear(); },
      [&] { world.has_idn = !world.has_idn; },
      [&] { world.remove_preset("tools"); },
      [&] { world.remove_preset("added-tools"); },
      [&] { write_presets(); },
      [&] { world.write_preset("regional", "[\"{zone}.example\"]", "parameters: [zone]\n"); },
      [&] { world.folder.write("rules/tools.yaml", "broken: [\n"); },
      [&] { world.write_policy("broken: [\n"); },
      [&] { world.write_policy(kPolicy); },
      [&] { (void)world.reload(); },
      [&] { world.start(); },
      [&] { world.start(); },
      [&] { world.now += std::chrono::hours(1); },
      [&] { world.now -= std::chrono::hours(1); }};
  std::mt19937 chance(7);
  for (int i = 0; i < 1500; ++i) {
    const std::size_t step = chance() % steps.size();
    SCOPED_TRACE("step " + std::to_string(i) + ": " + std::to_string(step));
    steps[step]();
    ASSERT_EQ(world.open(), before);
    ASSERT_EQ(world.additions_on_disk(),
              (std::set<std::string>{"tcp/added.example:443", "preset:added-tools"}));
  }
}

}  // namespace
}  // namespace egress::daemon
