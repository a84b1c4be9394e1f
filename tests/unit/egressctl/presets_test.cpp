// presets: needs no daemon, only the folder.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "egressctl/child.hpp"
#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

constexpr const char* kShipped = SOURCE_DIR "/rules";

class PresetsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    write("plain", "known_as: [simple]\nnotes: [A=1 saves 3 s]\nentries: [a.example]\n");
    write("cloud",
          "parameters: [region, zone]\nentries:\n"
          "  - 'api.{region}.example:443,8443'\n"
          "  - { target: '*.{zone}.example', optional: true, risk: { kind: wide, why: all } }\n"
          "  - { target: '{zone}.corp.example', private: true }\n");
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  void write(const std::string& name, const std::string& rest,
             const std::string& date = "2026-11") {
    std::ofstream(directory + "/" + name + ".yaml")
        << "name: " << name << "\ntitle: The " << name
        << " one\nsource: https://s.example\ndate: " << date
        << "\nrisk: { kind: upload, why: anybody can }\n"
        << rest;
  }
  Ran presets(const std::vector<std::string>& more, const Terminal& terminal = {}) {
    std::vector<std::string> arguments{"presets", "--rules-dir", directory};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_egressctl("/nonexistent/control.sock", arguments, terminal);
  }

  std::string directory = "/tmp/egressctl-presets-XXXXXX";
};

TEST_F(PresetsTest, ListsThemWithTheirRisks) {
  const Ran ran = presets({});
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_EQ(ran.out,
            "NAME               TITLE          ENTRIES  RISK\n"
            "cloud@region@zone  The cloud one  3        upload, wide\n"
            "plain              The plain one  1        upload\n");
}

TEST_F(PresetsTest, ShowsOneAsWritten) {
  const Ran ran = presets({"cloud"});
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  EXPECT_EQ(ran.out,
            "cloud: The cloud one\n"
            "source: https://s.example, read 2026-11\n"
            "takes:  cloud@region@zone\n"
            "TARGET                         OPTIONS\n"
            "api.{region}.example:443,8443\n"
            "    risk: upload: anybody can\n"
            "*.{zone}.example               optional\n"
            "    risk: wide: all\n"
            "{zone}.corp.example            private\n"
            "    risk: upload: anybody can\n"
            "allow it with: egressctl allow preset:cloud@region@zone\n");
}

TEST_F(PresetsTest, ShowsTheNotes) {
  EXPECT_NE(presets({"plain"}).out.find("note: A=1 saves 3 s\nallow it with: "), std::string::npos);
}

TEST_F(PresetsTest, FillsInTheParameters) {
  const Ran ran = presets({"cloud@eu@b1"});
  EXPECT_EQ(ran.exit, Exit::done) << ran.err;
  for (const char* line :
       {"tcp/api.eu.example:443\n", "tcp/api.eu.example:8443\n", "tcp/*.b1.example:443 ",
        "tcp/b1.corp.example:443 ", "egressctl allow preset:cloud@eu@b1\n"})
    EXPECT_NE(ran.out.find(line), std::string::npos) << line << ran.out;
}

TEST_F(PresetsTest, RisksAreYellowOnATerminal) {
  EXPECT_NE(presets({"plain"}, {true, true, 80}).out.find("\x1b[33m"), std::string::npos);
  EXPECT_EQ(presets({"plain"}).out.find('\x1b'), std::string::npos);
}

TEST_F(PresetsTest, IsJsonForPrograms) {
  EXPECT_EQ(
      presets({"plain", "--json"}).out,
      R"({"name":"plain","title":"The plain one","parameters":[],"source":"https://s.example",)"
      R"("date":"2026-11","entries":[{"target":"a.example","optional":false,"private":false,)"
      R"("risk":{"kind":"upload","why":"anybody can"}}],"known_as":["simple"],)"
      R"("notes":["A=1 saves 3 s"]})"
      "\n");
  const auto all = nlohmann::json::parse(presets({"--json"}).out);
  ASSERT_EQ(all["presets"].size(), 2U);
  EXPECT_EQ(all["presets"][0]["parameters"][1], "zone");
}

TEST_F(PresetsTest, SaysWhatWasMeant) {
  const auto error = [this](const std::string& name) {
    const Ran ran = presets({name});
    EXPECT_EQ(ran.exit, Exit::failed);
    EXPECT_EQ(ran.out, "");
    return ran.err;
  };
  EXPECT_EQ(error("plian"), "egressctl: unknown preset \"plian\"; did you mean \"plain\"?\n");
  EXPECT_EQ(error("simple"), "egressctl: unknown preset \"simple\"; did you mean \"plain\"?\n");
  EXPECT_EQ(error("cloud@eu"),
            "egressctl: the preset \"cloud\" needs zone; accepted: preset:cloud@region, zone\n");
  EXPECT_EQ(error("cloud@eu@a.b").find("egressctl: \"a.b\" is not a single label"), 0U);
}

TEST_F(PresetsTest, NamesEveryProblemOfEveryFile) {
  write("bad", "entries: ['*.com']\n");
  write("worse", "entries: [a.example]\n", "soon");
  const Ran ran = presets({});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_NE(ran.err.find(directory + "/bad.yaml:6:11: \"*.com\" is a public suffix"),
            std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find(directory + "/worse.yaml:4:7: \"soon\" is not a date"), std::string::npos)
      << ran.err;
}

TEST_F(PresetsTest, WithoutPresetsItSaysWhatToDo) {
  const Ran ran = run_egressctl("", {"presets", "--rules-dir", "/nonexistent"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.err,
            "egressctl: there is no preset in \"/nonexistent\"; name their folder with --rules-dir "
            "PATH\n");
}

TEST_F(PresetsTest, CheckFindsWhatIsDoubtful) {
  EXPECT_EQ(presets({"--check"}).out, "2 presets, nothing wrong\n");
  write("old", "entries: [old.example]\n", "2001-01");
  Ran ran = presets({"--check"});
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.err.find("warning: " + directory + "/old.yaml:4:7: the date \"2001-01\""), 0U)
      << ran.err;
  write("twin", "entries: [a.example]\n");
  ran = presets({"--check"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.err.find(directory + "/twin.yaml:1:1: the same targets as the preset \"plain\""),
            0U)
      << ran.err;
  const auto json = nlohmann::json::parse(presets({"--check", "--json"}).out);
  EXPECT_EQ(json["problems"].size(), 1U);
  EXPECT_EQ(json["warnings"].size(), 1U);
}

TEST_F(PresetsTest, OneCanBeShownOrAllChecked) {
  EXPECT_EQ(presets({"plain", "--check"}).exit, Exit::usage);
}

TEST(ShippedPresets, ShowEachAndCheckAll) {
  const auto run = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"presets", "--rules-dir", kShipped});
    return run_egressctl("", more);
  };
  const Ran checked = run({"--check"});
  EXPECT_EQ(checked.exit, Exit::done) << checked.err;
  const auto all = nlohmann::json::parse(run({"--json"}).out)["presets"];
  EXPECT_GE(all.size(), 40U);
  for (const auto& preset : all)
    EXPECT_EQ(run({preset["name"].get<std::string>()}).exit, Exit::done) << preset["name"];
}

}  // namespace
}  // namespace egress::ctl
