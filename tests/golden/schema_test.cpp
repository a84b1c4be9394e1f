// The JSON schemas, which editors follow, agree with the parser on every document of the corpus and
// on all that ships. The validator is python3-jsonschema.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <sstream>

#include "egress/policy/outside.hpp"
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
    // what one key means for another
    "entry-port-of-esp",
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
    "preset-bare",
    "preset-parameter-key",
    "preset-parameter-missing",
    "preset-unknown",
    "target-bidi",
    "target-nul",
    "target-public-suffix",
    "services-polled",
    "target-wildcard",
    "wildcard-duplicate",
    // how YAML is written
    "file-alias",
    "file-anchor",
    "file-tag",
    "key-twice",
    "resolvers-zones-twice",
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

struct Case {
  std::string name;
  std::string text;
  bool is_good;
};

const std::string kHead = "name: p\ntitle: T\nsource: https://s.example/a\ndate: 2026-11\n";
const std::string kEntries = "entries: [a.example]\n";

const std::array kPresets{
    Case{"plain", kHead + kEntries, true},
    Case{"day", "name: p\ntitle: T\nsource: https://s.example\ndate: 2026-11-05\n" + kEntries,
         true},
    Case{"risk", kHead + "risk: { kind: shared-cdn, why: w }\n" + kEntries, true},
    Case{"everything",
         kHead + "parameters: [a, b-c]\nentries:\n  - 'x.{a}.example:80,443'\n"
                 "  - { target: 'udp/{b-c}.{a}.example:53', optional: true, private: true, "
                 "risk: { kind: wide, why: w } }\n"
                 "  - '*.a.example'\n  - 'esp/{a}.example'\n  - icmp/2001:db8::1\n  - "
                 "192.0.2.0/24:443\n  - '[2001:db8::/32]:443'\n",
         true},
    Case{"empty", "", false},
    Case{"list", "[a.example]\n", false},
    Case{"no-entries", kHead, false},
    Case{"entries-empty", kHead + "entries: []\n", false},
    Case{"entries-scalar", kHead + "entries: a.example\n", false},
    Case{"no-source", "name: p\ntitle: T\ndate: 2026-11\n" + kEntries, false},
    Case{"source-no-url", "name: p\ntitle: T\nsource: a page\ndate: 2026-11\n" + kEntries, false},
    Case{"month-13", "name: p\ntitle: T\nsource: https://s.example\ndate: 2026-13\n" + kEntries,
         false},
    Case{"name-capital", "name: P\ntitle: T\nsource: https://s.example\ndate: 2026-11\n" + kEntries,
         false},
    Case{"unknown-key", kHead + "port: 443\n" + kEntries, false},
    Case{"risk-text", kHead + "risk: 'upload: w'\n" + kEntries, false},
    Case{"risk-kind", kHead + "risk: { kind: low, why: w }\n" + kEntries, false},
    Case{"risk-no-why", kHead + "risk: { kind: wide }\n" + kEntries, false},
    Case{"risk-why-empty", kHead + "risk: { kind: wide, why: '' }\n" + kEntries, false},
    Case{"entry-no-target", kHead + "entries: [{ optional: true }]\n", false},
    Case{"entry-metadata", kHead + "entries: [{ target: a.example, metadata: true }]\n", false},
    Case{"entry-flag", kHead + "entries: [{ target: a.example, optional: 'true' }]\n", false},
    Case{"target-esp-port", kHead + "entries: ['esp/a.example:500']\n", false},
    Case{"target-star", kHead + "entries: ['*']\n", false},
    Case{"target-url", kHead + "entries: ['https://a.example/']\n", false},
    Case{"target-preset", kHead + "entries: ['preset:openai']\n", false},
    Case{"parameter", kHead + "parameters: region\n" + kEntries, false}};

// As the schema and a parser, a function of a document, see each case.
template <class Parse>
void expect_agreement(const std::string& schema, std::span<const Case> cases, Parse parse) {
  std::string folder = "/tmp/egressd-schema-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::vector<Path> files;
  for (const Case& one : cases) {
    files.push_back(Path(folder) / (one.name + ".yaml"));
    std::ofstream(files.back()) << one.text;
  }
  const std::set<Path> valid = valid_by(schema, files);
  std::filesystem::remove_all(folder);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto document = adapters::parse_yaml(cases[i].text, "p.yaml");
    EXPECT_EQ(document && parse(*document), cases[i].is_good) << files[i];
    EXPECT_EQ(valid.contains(files[i]), cases[i].is_good) << files[i];
  }
}

TEST(Schema, AgreesWithTheParserOnPresets) {
  expect_agreement("preset.schema.json", kPresets, [](const Node& document) {
    return parse_preset(document, name_rules()).has_value();
  });
}

const std::string kHost = "{ name: a.example, v4: 192.0.2.1, v6: '2001:db8::1' }";
const std::string kOther = "{ name: b.example, v4: 10.0.0.5, v6: 'fd12::5' }";

const std::array kOutside{
    Case{"nothing", "{}\n", true},
    Case{"hosts", "hosts: [" + kHost + ", " + kOther + "]\n", true},
    Case{"resolvers", "resolvers: [9.9.9.9, '2620:fe::fe', '::ffff:9.9.9.10']\n", true},
    Case{"doh", "doh: [{ name: a.example, addresses: [9.9.9.9, '2620:fe::fe'] }]\n", true},
    Case{"inside-names", "inside-names: [localtest.me, 10.0.0.1.nip.io]\n", true},
    Case{"empty", "", false},
    Case{"list", "[a.example]\n", false},
    Case{"unknown-key", "ports: [443]\n", false},
    Case{"hosts-one", "hosts: [" + kHost + "]\n", false},
    Case{"hosts-no-name", "hosts: [" + kHost + ", { v4: 192.0.2.2, v6: '2001:db8::2' }]\n", false},
    Case{"hosts-no-v6", "hosts: [" + kHost + ", { name: b.example, v4: 192.0.2.2 }]\n", false},
    Case{"hosts-families",
         "hosts: [" + kHost + ", { name: b.example, v4: '2001:db8::2', v6: 192.0.2.2 }]\n", false},
    Case{"hosts-more",
         "hosts: [" + kHost + ", { name: b.example, v4: 192.0.2.2, v6: '2001:db8::2', port: 1 }]\n",
         false},
    Case{"hosts-url",
         "hosts: [" + kHost + ", { name: 'https://b', v4: 192.0.2.2, v6: '2001:db8::2' }]\n",
         false},
    Case{"hosts-names", "hosts: [a.example, b.example]\n", false},
    Case{"resolvers-one-family", "resolvers: [9.9.9.9, 149.112.112.112]\n", false},
    Case{"resolvers-twice", "resolvers: [9.9.9.9, 9.9.9.9, '2620:fe::fe']\n", false},
    Case{"resolvers-name", "resolvers: [9.9.9.9, '2620:fe::fe', dns.google]\n", false},
    Case{"doh-empty", "doh: []\n", false},
    Case{"doh-no-address", "doh: [{ name: a.example, addresses: [] }]\n", false},
    Case{"doh-v4", "doh: [{ name: a.example, v4: 9.9.9.9 }]\n", false},
    Case{"inside-names-empty", "inside-names: []\n", false},
    Case{"inside-names-wildcard", "inside-names: ['*.example']\n", false},
    Case{"inside-names-many", "inside-names: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]\n",
         false}};

TEST(Schema, TakesTheOutsideHostsOfTheManualPage) {
  const std::string page = read_file(kTop / "docs/man/egressctl.1");
  const auto start = page.find("\nhosts:\n", page.find(".Sh OUTSIDE HOSTS")) + 1;
  const std::string example = page.substr(start, page.find(".Ed", start) - start);
  const std::array<Case, 1> cases{Case{"example", example, true}};
  expect_agreement("outside.schema.json", cases,
                   [](const Node& document) { return parse_outside(document, {}).has_value(); });
}

TEST(Schema, AgreesWithTheParserOnOutsideHosts) {
  expect_agreement("outside.schema.json", kOutside,
                   [](const Node& document) { return parse_outside(document, {}).has_value(); });
}

}  // namespace
}  // namespace egress::policy
