// What each shipped preset stands for, and for some what they open in the table, as nft text. Every
// name is answered with an address of each family, numbered in the order of the names. To accept a
// change: EGRESSD_UPDATE_GOLDEN=1 ctest -L golden.
#include <gtest/gtest.h>

#include <cstdlib>

#include "egress/engine/engine.hpp"
#include "egress/nft/layout.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

IpAddress address_of(std::size_t number, Family family) {
  const auto low = static_cast<std::uint8_t>(number);
  if (family == Family::ipv4) return IpAddress::v4({198, 51, 101, low});
  return IpAddress::v6({0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, low});
}

// Every preset that has parameters is golden for these.
std::string reference(const policy::Preset& preset) {
  std::string text = "version: 1\nallow:\n  - { preset: " + preset.name;
  for (const std::string& parameter : preset.parameters)
    text += ", " + parameter + ": " + (parameter == "region" ? "eu-west-1" : "contoso");
  return text + " }\n";
}

nft::Ruleset compile(const policy::Policy& policy) {
  engine::Engine engine{nft::Capabilities{}};
  engine.handle(engine::PolicyChanged{std::make_shared<policy::Policy>(policy), policy::kNow},
                kStart);
  std::size_t number = 0;
  std::map<DnsName, std::size_t> numbers;
  for (const policy::AllowEntry& entry : policy.entries)
    if (entry.name() != nullptr && numbers.emplace(*entry.name(), number + 1).second) ++number;
  for (const engine::Action& action : engine.act(kStart))
    if (const auto* ask = std::get_if<engine::Ask>(&action)) {
      const IpAddress address = address_of(numbers.at(ask->question.name), ask->question.family);
      engine.handle(engine::Answered{{ask->question, dns::Status::ok, {address}, 60s, {}}}, kStart);
    }
  return engine.desired(kStart);
}

void expect_golden(const std::string& text, const std::string& file) {
  const std::string path = SOURCE_DIR "/tests/golden/nft/" + file;
  if (std::getenv("EGRESSD_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(text, policy::read_file(path)) << path;
}

TEST(GoldenPresets, EachIsWorthExactlyTheseEntries) {
  std::string text;
  for (const auto& [name, preset] : policy::shipped_catalogue()) {
    const auto policy = policy::load_text(reference(preset));
    ASSERT_TRUE(policy) << policy::problems_of(policy);
    text += name + ":\n";
    for (const policy::AllowEntry& entry : policy->entries) {
      text += "  " + entry.target() + (entry.is_optional ? " optional" : "") +
              (entry.allows_private ? " private" : "") +
              (entry.risk ? " " + std::string(policy::text(entry.risk->kind)) : "") + "\n";
    }
  }
  expect_golden(text, "presets.txt");
}

// One of each make: a name, ranges, parameters, a wildcard, several ports, private addresses.
TEST(GoldenPresets, EachMakeOpensExactlyThis) {
  for (const char* name : {"anthropic", "anthropic-ranges", "azure-openai", "bedrock", "debian",
                           "huggingface", "litellm"}) {
    const auto policy = policy::load_text(reference(policy::shipped_catalogue().at(name)));
    ASSERT_TRUE(policy) << policy::problems_of(policy);
    expect_golden(nft::print(compile(*policy), kStart), "preset-" + std::string(name) + ".nft");
  }
}

}  // namespace
}  // namespace egress
