// The JSON schemas, which editors follow, agree with the parser on every document of the corpus and
// on all that ships. The validator is python3-jsonschema.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include "egressctl/child.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

using Path = std::filesystem::path;

const Path kTop = SOURCE_DIR;

// What a schema cannot say, so that only the parser refuses it.
const std::set<std::string> kParserAlone = {
    // what only addresses tell
    "address-link-local",
    "address-loopback",
    "address-metadata-disguised",
    "address-metadata-inside",
    "address-metadata",
    "address-multicast",
    "address-unusable",
    "cidr-all",
    "cidr-halves",
    "cidr-host-bits",
    "cidr-one-past",
    "resolvers-metadata-web",
    "resolvers-multicast",
    "target-reads-as-address",
    // bounds and sums of values
    "dns-rate-one-past",
    "limits-grace-one-past",
    "limits-max-one-past",
    "limits-min-over-max",
    "limits-stale-one-past",
    "port-65536",
    "port-range-257-of-a-name",
    "port-range-backwards",
    "target-label-64",
    "target-labels",
    "target-name-254",
    "wildcard-ports",
    // other entries, other files, other libraries
    "duplicate-one-port-of-many",
    "duplicate-other-options",
    "preset-parameter-key",
    "preset-parameter-missing",
    "preset-unknown",
    "target-bidi",
    "target-nul",
    "target-public-suffix",
    "target-wildcard",
    "wildcard-duplicate",
    // how YAML is written
    "file-alias",
    "file-anchor",
    "file-tag",
    "key-twice",
};

std::vector<Path> yaml_files(const Path& folder) {
  std::vector<Path> files;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".yaml") files.push_back(file.path());
  std::ranges::sort(files);
  return files;
}

// The files that the schema takes for valid.
std::set<Path> valid_by(const std::string& schema, const std::vector<Path>& files) {
  std::vector<std::string> command{"/usr/bin/python3", kTop / "tests/golden/schema/judge.py",
                                   kTop / "share/schema" / schema};
  for (const Path& file : files) command.push_back(file);
  const auto judged = ctl::run_program(command);
  std::set<Path> valid;
  if (!judged || judged->status != 0) {
    ADD_FAILURE() << (judged ? judged->err : judged.error().message);
    return valid;
  }
  std::size_t lines = 0;
  std::istringstream text(judged->out);
  for (std::string line; std::getline(text, line); ++lines)
    if (line.starts_with("valid ")) valid.insert(line.substr(6));
  EXPECT_EQ(lines, files.size());
  return valid;
}

bool parses(const Path& file) {
  const auto document = adapters::parse_yaml(read_file(file), file.filename());
  return document && load(Files{{*document}, {}}).has_value();
}

TEST(Schema, AgreesWithTheParserOnEveryPolicyOfTheCorpus) {
  std::vector<Path> files = yaml_files(kTop / "tests/golden/policy/accept");
  for (const Path& file : yaml_files(kTop / "tests/golden/policy/reject")) files.push_back(file);
  ASSERT_GE(files.size(), 100U);
  const std::set<Path> valid = valid_by("policy.schema.json", files);
  for (const Path& file : files) {
    const bool is_valid = valid.contains(file);
    if (kParserAlone.contains(file.stem()))
      EXPECT_TRUE(is_valid && !parses(file)) << file << " is no case of the parser alone";
    else
      EXPECT_EQ(is_valid, parses(file)) << file;
  }
}

TEST(Schema, TakesThePolicyAndThePresetsThatShip) {
  const Path policy = kTop / "src/egressd/egressd.yaml";
  EXPECT_TRUE(parses(policy));
  EXPECT_EQ(valid_by("policy.schema.json", {policy}).size(), 1U);
  const std::vector<Path> presets = yaml_files(kTop / "rules");
  EXPECT_EQ(valid_by("preset.schema.json", presets).size(), presets.size());
}

struct PresetCase {
  std::string name;
  std::string text;
  bool is_good;
};

const std::string kHead = "name: p\ntitle: T\nsource: https://s.example/a\ndate: 2026-11\n";
const std::string kEntries = "entries: [a.example]\n";

const std::array kPresets{
    PresetCase{"plain", kHead + kEntries, true},
    PresetCase{"day", "name: p\ntitle: T\nsource: https://s.example\ndate: 2026-11-05\n" + kEntries,
               true},
    PresetCase{"risk", kHead + "risk: { kind: shared-cdn, why: w }\n" + kEntries, true},
    PresetCase{"everything",
               kHead + "parameters: [a, b-c]\nentries:\n  - 'x.{a}.example:80,443'\n"
                       "  - { target: 'udp/{b-c}.{a}.example:53', optional: true, private: true, "
                       "risk: { kind: wide, why: w } }\n"
                       "  - '*.a.example'\n  - 192.0.2.0/24:443\n  - '[2001:db8::/32]:443'\n",
               true},
    PresetCase{"empty", "", false},
    PresetCase{"list", "[a.example]\n", false},
    PresetCase{"no-entries", kHead, false},
    PresetCase{"entries-empty", kHead + "entries: []\n", false},
    PresetCase{"entries-scalar", kHead + "entries: a.example\n", false},
    PresetCase{"no-source", "name: p\ntitle: T\ndate: 2026-11\n" + kEntries, false},
    PresetCase{"source-no-url", "name: p\ntitle: T\nsource: a page\ndate: 2026-11\n" + kEntries,
               false},
    PresetCase{"month-13",
               "name: p\ntitle: T\nsource: https://s.example\ndate: 2026-13\n" + kEntries, false},
    PresetCase{"name-capital",
               "name: P\ntitle: T\nsource: https://s.example\ndate: 2026-11\n" + kEntries, false},
    PresetCase{"unknown-key", kHead + "port: 443\n" + kEntries, false},
    PresetCase{"risk-text", kHead + "risk: 'upload: w'\n" + kEntries, false},
    PresetCase{"risk-kind", kHead + "risk: { kind: low, why: w }\n" + kEntries, false},
    PresetCase{"risk-no-why", kHead + "risk: { kind: wide }\n" + kEntries, false},
    PresetCase{"risk-why-empty", kHead + "risk: { kind: wide, why: '' }\n" + kEntries, false},
    PresetCase{"entry-no-target", kHead + "entries: [{ optional: true }]\n", false},
    PresetCase{"entry-metadata", kHead + "entries: [{ target: a.example, metadata: true }]\n",
               false},
    PresetCase{"entry-flag", kHead + "entries: [{ target: a.example, optional: 'true' }]\n", false},
    PresetCase{"target-star", kHead + "entries: ['*']\n", false},
    PresetCase{"target-url", kHead + "entries: ['https://a.example/']\n", false},
    PresetCase{"target-preset", kHead + "entries: ['preset:openai']\n", false},
    PresetCase{"parameter", kHead + "parameters: region\n" + kEntries, false}};

TEST(Schema, AgreesWithTheParserOnPresets) {
  std::string folder = "/tmp/egressd-schema-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::vector<Path> files;
  for (const PresetCase& preset : kPresets) {
    files.push_back(Path(folder) / (preset.name + ".yaml"));
    std::ofstream(files.back()) << preset.text;
  }
  const std::set<Path> valid = valid_by("preset.schema.json", files);
  std::filesystem::remove_all(folder);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto document = adapters::parse_yaml(kPresets[i].text, "p.yaml");
    EXPECT_EQ(document && parse_preset(*document, name_rules()), kPresets[i].is_good) << files[i];
    EXPECT_EQ(valid.contains(files[i]), kPresets[i].is_good) << files[i];
  }
}

}  // namespace
}  // namespace egress::policy
