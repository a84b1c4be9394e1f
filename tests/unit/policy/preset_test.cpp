#include <gtest/gtest.h>

#include "egress/policy/holders.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

std::string problems(std::string_view text) {
  const auto preset = parse_preset(node(text), name_rules());
  std::string out;
  if (preset) return out;
  for (const auto& problem : preset.error()) out += problem.text() + '\n';
  return out;
}

constexpr std::string_view kHead = "name: p\ntitle: T\nsource: https://s.example\ndate: 2026-11\n";

std::string with(std::string_view rest) {
  return problems(std::string(kHead) + std::string(rest));
}

std::string allow(std::string_view item) {
  return targets_of(load_text("version: 1\nallow:\n  - " + std::string(item) + '\n'));
}

TEST(ShippedPresets, AreNamedAfterTheirFileAndHaveASource) {
  for (const auto& [file, preset] : shipped_catalogue()) {
    EXPECT_EQ(preset.name, file);
    EXPECT_FALSE(preset.title.empty());
    EXPECT_FALSE(preset.source.empty());
    EXPECT_FALSE(preset.date.empty());
  }
  EXPECT_GE(shipped_catalogue().size(), 40U);
  for (const std::string_view name : {"openai", "anthropic", "bedrock", "azure-openai",
                                      "github-api", "npm", "pypi", "openhands"}) {
    EXPECT_TRUE(shipped_catalogue().contains(name)) << name;
  }
}

TEST(ShippedPresets, UnfoldWithAValueForEachParameter) {
  for (const auto& [name, preset] : shipped_catalogue()) {
    std::string item = "{ preset: " + name;
    for (const auto& parameter : preset.parameters) item += ", " + parameter + ": x1";
    const auto loaded = load_text("version: 1\nallow: [" + item + " }]\n");
    ASSERT_TRUE(loaded) << problems_of(loaded);
    EXPECT_GE(loaded->entries.size(), preset.entries.size()) << name;
  }
}

TEST(Preset, TakesItsParameterAsKeyOrAfterAt) {
  const std::string expected = allow("{ preset: bedrock, region: eu-west-1 }");
  EXPECT_NE(expected.find("tcp/bedrock-runtime.eu-west-1.amazonaws.com:443\n"), std::string::npos);
  EXPECT_EQ(allow("preset:bedrock@eu-west-1"), expected);
  EXPECT_EQ(allow("{ preset: bedrock@eu-west-1 }"), expected);
  EXPECT_EQ(allow("{ target: 'preset:bedrock@EU-West-1' }"), expected);
}

TEST(Preset, SaysWhichParameterIsMissingOrTooMuch) {
  EXPECT_EQ(
      allow("preset: bedrock"),
      "test.yaml:3:5: the preset \"bedrock\" needs region; accepted: preset:bedrock@region\n");
  EXPECT_EQ(
      allow("preset:openai@eu"),
      "test.yaml:3:5: the preset \"openai\" takes no parameter \"eu\"; accepted: preset:openai\n");
  EXPECT_EQ(allow("{ preset: openai, region: eu }"),
            "test.yaml:3:23: unknown key \"region\"; did you mean \"reason\"?\n");
  EXPECT_EQ(allow("{ preset: bedrok, region: eu }"),
            "test.yaml:3:15: unknown preset \"bedrok\"; did you mean \"bedrock\"?\n");
}

TEST(Preset, IsFoundByTheWordsThatPeopleUseForIt) {
  const auto meant = [](const std::string& word) { return allow("preset: " + word); };
  EXPECT_EQ(meant("claude"),
            "test.yaml:3:13: unknown preset \"claude\"; did you mean \"claude-code\"?\n");
  EXPECT_EQ(meant("pip"), "test.yaml:3:13: unknown preset \"pip\"; did you mean \"pypi\"?\n");
  EXPECT_EQ(meant("poetri"), "test.yaml:3:13: unknown preset \"poetri\"; did you mean \"pypi\"?\n");
  EXPECT_EQ(meant("something-else"),
            "test.yaml:3:13: unknown preset \"something-else\"; accepted: those of egressctl "
            "presets\n");
}

TEST(Preset, ItsBareNameIsNoHost) {
  EXPECT_EQ(allow("anthropic"),
            "test.yaml:3:5: \"anthropic\" is no host, but a preset; did you mean "
            "\"preset:anthropic\"? A host of that name: \"anthropic:443\"\n");
  EXPECT_EQ(allow("anthropic:443"), "tcp/anthropic:443\n");
  EXPECT_EQ(allow("tcp/npm"), "tcp/npm:443\n");
  EXPECT_EQ(allow("anthropic.example"), "tcp/anthropic.example:443\n");
  EXPECT_EQ(allow("mirror"), "tcp/mirror:443\n");
}

TEST(Preset, ParametersStayWithinTheirLabel) {
  for (const std::string_view value : {"evil.example", "a b", "a/b", "*", "-a", "a:1", "a{b}"}) {
    const std::string item = "{ preset: bedrock, region: '" + std::string(value) + "' }";
    EXPECT_NE(allow(item).find("is not a single label of a host name"), std::string::npos) << value;
  }
}

TEST(Preset, RiskReachesTheEntry) {
  Catalogue catalogue;
  catalogue.emplace(
      "p",
      parse_preset(node(std::string(kHead) +
                        "risk: { kind: wide, why: everything }\nentries: [a.example, { target: "
                        "b.example, risk: { kind: upload, why: b } }]\n"),
                   name_rules())
          .value());
  const auto loaded = load(
      Sources{{node("version: 1\nallow: ['preset:p']\n")}, {}, &catalogue, &name_rules(), kNow});
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_EQ(loaded->entries[0].risk, (Risk{Risk::Kind::wide, "everything"}));
  EXPECT_EQ(loaded->entries[1].risk->text(), "upload: b");
}

TEST(PresetFile, RefusesWhatWouldNotUnfold) {
  EXPECT_EQ(with("entries: [a.example]\n"), "");
  EXPECT_EQ(with("entries: ['*']\n"),
            "test.yaml:5:11: \"*\" would allow every host; accepted: a host "
            "name, an address or a CIDR\n");
  EXPECT_EQ(with("entries: ['{region}.example']\n"),
            "test.yaml:5:11: \"{region}.example\" holds a parameter that is not declared\n");
  EXPECT_EQ(with("parameters: [region]\nentries: ['{region.example']\n"),
            "test.yaml:6:11: \"{region.example\" holds a parameter that is not declared\n");
  EXPECT_EQ(
      with("entries: ['preset:openai']\n"),
      "test.yaml:5:11: \"preset:openai\" is a preset within a preset; accepted: hosts, addresses "
      "and CIDRs\n");
  EXPECT_EQ(
      with("entries: [{ optional: true }]\n"),
      "test.yaml:5:11: the key \"target\" is missing; accepted: a target, in which {parameter} may "
      "stand\n");
}

TEST(PresetFile, NamesWhatIsMissing) {
  EXPECT_EQ(
      problems("name: P!\ndate: today\n"),
      "test.yaml:1:1: the key \"title\" is missing; accepted: text\n"
      "test.yaml:1:1: the key \"source\" is missing; accepted: where it can be read: https://...\n"
      "test.yaml:1:1: a preset without entries; accepted: at least one\n"
      "test.yaml:1:7: \"P!\" is not a name; accepted: lower-case letters, digits and hyphens\n"
      "test.yaml:2:7: \"today\" is not a date; accepted: 2026-11 or 2026-11-05\n");
  EXPECT_EQ(problems("x\n"),
            "test.yaml:1:1: \"x\" is not a preset; accepted: a map with name, title, "
            "source, date, entries\n");
}

TEST(PresetFile, ItsSourceIsAUrlAndItsDateIsInTheCalendar) {
  const auto head = [](std::string_view source, std::string_view date) {
    return problems("name: p\ntitle: T\nsource: " + std::string(source) +
                    "\ndate: " + std::string(date) + "\nentries: [a.example]\n");
  };
  EXPECT_EQ(head("https://s.example/a", "2024-02-29"), "");
  EXPECT_EQ(
      head("s.example", "2026-11"),
      "test.yaml:3:9: \"s.example\" is not a URL; accepted: where it can be read: https://...\n");
  for (const std::string_view date : {"2026-13", "2026-00", "2026-02-29", "2026-11-31", "2026"}) {
    EXPECT_EQ(head("https://s.example", date),
              "test.yaml:4:7: \"" + std::string(date) +
                  "\" is not a date; accepted: 2026-11 or 2026-11-05\n");
  }
}

TEST(PresetFile, ARiskHasAKindAndAReason) {
  constexpr std::string_view kAccepted =
      "; accepted: a map with kind (upload, shared-cdn or wide) and why (one line)\n";
  const std::string entries = "\nentries: [a.example]\n";
  for (const std::string_view kind : {"upload", "shared-cdn", "wide"})
    EXPECT_EQ(with("risk: { kind: " + std::string(kind) + ", why: w }" + entries), "") << kind;
  EXPECT_EQ(with("risk: 'upload: w'" + entries),
            "test.yaml:5:7: the string \"upload: w\" is not a risk" + std::string(kAccepted));
  EXPECT_EQ(with("risk: { kind: upload }" + entries),
            "test.yaml:5:7: a risk without why" + std::string(kAccepted));
  EXPECT_EQ(with("risk: { why: w }" + entries),
            "test.yaml:5:7: a risk without kind" + std::string(kAccepted));
  EXPECT_EQ(
      with("risk: { kind: low, why: w }" + entries),
      "test.yaml:5:15: \"low\" is not a kind of risk; accepted: upload, shared-cdn or wide\n");
  EXPECT_EQ(with("risk: { kind: wide, why: '' }" + entries),
            "test.yaml:5:26: an empty text; accepted: one line of text\n");
}

TEST(PresetFile, MayHaveWordsAndNotes) {
  const std::string entries = "entries: [a.example]\n";
  const auto preset = parse_preset(
      node(std::string(kHead) + "known_as: [q, r2]\nnotes: ['N=1 saves 3 s', b]\n" + entries),
      name_rules());
  ASSERT_TRUE(preset);
  EXPECT_EQ(preset->known_as, (std::vector<std::string>{"q", "r2"}));
  EXPECT_EQ(preset->notes, (std::vector<std::string>{"N=1 saves 3 s", "b"}));
  EXPECT_EQ(with("known_as: [Pip]\n" + entries),
            "test.yaml:5:12: \"Pip\" is not a name; accepted: lower-case letters, digits and "
            "hyphens\n");
  EXPECT_EQ(with("notes: ['']\n" + entries),
            "test.yaml:5:9: an empty text; accepted: one line of text\n");
  EXPECT_EQ(with("notes: one\n" + entries),
            "test.yaml:5:8: \"one\" is not a list of notes; accepted: lines of text\n");
}

TEST(ShippedPresets, NameOnlyPresetsThatThereAre) {
  for (const auto& [name, preset] : shipped_catalogue()) {
    for (const std::string& note : preset.notes) {
      for (auto at = note.find("preset:"); at != note.npos; at = note.find("preset:", at + 1)) {
        const std::string rest = note.substr(at + 7);
        const std::string named =
            rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"));
        EXPECT_TRUE(shipped_catalogue().contains(named)) << name << ": " << named;
      }
    }
  }
}

TEST(ShippedPresets, HoldNoTelemetry) {
  for (const char* name :
       {"telemetry.individual.githubcopilot.com", "play.googleapis.com", "ab.chatgpt.com",
        "http-intake.logs.us5.datadoghq.com", "otel.cline.bot", "data.cline.bot",
        "collector.github.com", "copilot-telemetry.githubusercontent.com",
        "gb4w8c3ygj-default-sea.rum.aliyuncs.com"})
    for (const Holder& holder :
         holders_of(DnsName::parse(name).value(), Transport::tcp, 443, shipped_catalogue()))
      ADD_FAILURE() << name << " is in " << holder.reference;
}

TEST(PresetFile, MayOpenAddressesForPrivateUse) {
  Catalogue catalogue;
  catalogue.emplace(
      "p", parse_preset(node(std::string(kHead) + "entries: [{ target: a.example, private: true }, "
                                                  "b.example]\n"),
                        name_rules())
               .value());
  const auto loaded = load(
      Sources{{node("version: 1\nallow: ['preset:p']\n")}, {}, &catalogue, &name_rules(), kNow});
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_TRUE(loaded->entries[0].allows_private);
  EXPECT_FALSE(loaded->entries[1].allows_private);
}

}  // namespace
}  // namespace egress::policy
