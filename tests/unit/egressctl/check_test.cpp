// check: runs an egressd, here a script that stands for it, and passes its judgement on.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

class CheckTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(directory.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory); }

  Ran check(const std::string& script, const std::vector<std::string>& more = {}) {
    const std::string program = directory + "/egressd";
    std::ofstream(program) << "#!/bin/sh\n" << script;
    chmod(program.c_str(), 0755);
    std::vector<std::string> arguments{"check", "/etc/a file.yaml", "--egressd", program};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_egressctl("/nonexistent/control.sock", arguments);
  }

  std::string directory = "/tmp/egressctl-check-XXXXXX";
};

TEST_F(CheckTest, PrintsTheNormalisedPolicy) {
  const Ran ran = check("echo \"$# $1 $2 [$3]\"\necho 'version: 1'\n");
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.out, "3 --check --config [/etc/a file.yaml]\nversion: 1\n");
}

TEST_F(CheckTest, PrintsMistakesAndFails) {
  const Ran ran = check("printf 'a.yaml:1:1: bad \\033 thing\\n' >&2\nexit 1\n");
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "a.yaml:1:1: bad \\x1b thing\n");
}

TEST_F(CheckTest, IsJsonForPrograms) {
  const Ran ran =
      check("echo 'a.yaml:1:1: bad' >&2\necho 'a.yaml:2:1: worse' >&2\nexit 1\n", {"--json"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.out,
            "{\"valid\":false,\"policy\":\"\",\"problems\":[\"a.yaml:1:1: bad\",\"a.yaml:2:1: "
            "worse\"],\"warnings\":[]}\n");
  EXPECT_EQ(check("echo 'warning: a.yaml:1:1: was accepted' >&2\n", {"--json"}).out,
            "{\"valid\":true,\"policy\":\"\",\"problems\":[],\"warnings\":[\"a.yaml:1:1: was "
            "accepted\"]}\n");
}

TEST_F(CheckTest, MuchOutputOnBothStreamsIsNoDeadlock) {
  const Ran ran = check(
      "i=0; while [ $i -lt 20000 ]; do echo out-out-out; echo err-err-err >&2; i=$((i+1)); done\n");
  EXPECT_EQ(ran.out.size(), 20'000U * 12);
  EXPECT_EQ(ran.err.size(), 20'000U * 12);
}

TEST_F(CheckTest, ACrashIsAFailure) {
  EXPECT_EQ(check("kill -SEGV $$\n").exit, Exit::failed);
}

TEST_F(CheckTest, WithoutEgressdItSaysWhatToDo) {
  const Ran ran = run_egressctl("", {"check", "a.yaml", "--egressd", "/nonexistent/egressd"});
  EXPECT_EQ(ran.exit, Exit::failed);
  EXPECT_EQ(ran.err,
            "egressctl: cannot run \"/nonexistent/egressd\": No such file or directory; name the "
            "program with "
            "--egressd PATH\n");
}

}  // namespace
}  // namespace egress::ctl
