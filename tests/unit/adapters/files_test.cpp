#include "adapters/state/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "egress/core/limits.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::state {
namespace {

constexpr std::size_t kMany = 1 << 16;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

// Runs the body in a process of its own, so that limits and mounts end with it.
bool holds_in_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class FilesTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "state";
};

TEST_F(FilesTest, WhatIsWrittenIsRead) {
  const std::string content("line\n\0binary\xFF", 14);
  ASSERT_TRUE(write_atomically(path_, content, 0640));
  EXPECT_EQ(read_file(path_, kMany, Guard::no_links).value(), content);
  EXPECT_EQ(mode_of(path_), 0640U);
  ASSERT_TRUE(write_atomically(path_, "", 0600));
  EXPECT_EQ(read_file(path_, kMany, Guard::no_links).value(), "");
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(folder_.count(), 1U) << "nothing is left beside it";
}

TEST_F(FilesTest, TheModeDoesNotDependOnTheUmask) {
  const mode_t before = umask(0777);
  const auto written = write_atomically(path_, "x", 0640);
  umask(before);
  ASSERT_TRUE(written);
  EXPECT_EQ(mode_of(path_), 0640U);
}

TEST_F(FilesTest, AMissingFileIsNoError) {
  EXPECT_EQ(read_file(path_, kMany, Guard::no_links).value(), std::nullopt);
  EXPECT_EQ(read_file(folder_ / "no/such/folder", kMany, Guard::none).value(), std::nullopt);
}

TEST_F(FilesTest, SizeHasALimit) {
  folder_.write("state", std::string(100, 'x'));
  EXPECT_EQ(read_file(path_, 100, Guard::no_links).value()->size(), 100U);
  const auto refused = read_file(path_, 99, Guard::no_links);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("larger than 99 bytes"), std::string::npos);
}

TEST_F(FilesTest, OnlyRegularFilesAreRead) {
  EXPECT_FALSE(read_file(folder_.path(), kMany, Guard::no_links));
  EXPECT_FALSE(read_file("/dev/zero", kMany, Guard::no_links));
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(read_file(path_, kMany, Guard::no_links)) << "and without waiting for a writer";
}

TEST_F(FilesTest, LinksAreFollowedOnlyWhereTheyMay) {
  folder_.write("elsewhere", "secret");
  ASSERT_EQ(symlink("elsewhere", path_.c_str()), 0);
  EXPECT_EQ(read_file(path_, kMany, Guard::none).value(), "secret");
  const auto refused = read_file(path_, kMany, Guard::no_links);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("symbolic link"), std::string::npos);
}

TEST_F(FilesTest, WritingReplacesALinkAndNotItsTarget) {
  folder_.write("elsewhere", "kept");
  for (const std::string name : {"state", ".state.new"})
    ASSERT_EQ(symlink("elsewhere", (folder_ / name).c_str()), 0);
  ASSERT_TRUE(write_atomically(path_, "new", 0640));
  EXPECT_EQ(folder_.read("elsewhere"), "kept");
  EXPECT_EQ(read_file(path_, kMany, Guard::no_links).value(), "new");
}

TEST_F(FilesTest, ALeftoverOfACrashIsReplaced) {
  folder_.write(".state.new", "half");
  ASSERT_TRUE(write_atomically(path_, "whole", 0640));
  EXPECT_EQ(folder_.read("state"), "whole");
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(FilesTest, WithoutTheFolderWritingFails) {
  EXPECT_FALSE(write_atomically(folder_ / "missing/state", "x", 0640));
}

TEST_F(FilesTest, AFullDiskKeepsTheOldFile) {
  EXPECT_TRUE(holds_in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0) return false;
    if (mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=64k") != 0) return false;
    if (!write_atomically(path_, "old", 0640)) return false;
    const auto full = write_atomically(path_, std::string(1 << 20, 'x'), 0640);
    return !full && full.error().message.find("No space left") != std::string::npos &&
           folder_.read("state") == "old" && folder_.count() == 1;
  }));
}

TEST_F(FilesTest, AFileSizeLimitKeepsTheOldFile) {
  EXPECT_TRUE(holds_in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    if (!write_atomically(path_, "old", 0640) || setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    return !write_atomically(path_, std::string(5000, 'x'), 0640) &&
           folder_.read("state") == "old" && folder_.count() == 1;
  }));
}

TEST_F(FilesTest, AReadOnlyDiskKeepsTheOldFile) {
  EXPECT_TRUE(holds_in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", "", MS_REC | MS_PRIVATE, "") != 0) return false;
    if (mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "") != 0) return false;
    if (!write_atomically(path_, "old", 0640)) return false;
    if (mount("", folder_.path().c_str(), "", MS_REMOUNT | MS_RDONLY, "") != 0) return false;
    return !write_atomically(path_, "new", 0640) && folder_.read("state") == "old";
  }));
}

// A reader at any moment sees one content or the other, whole.
TEST_F(FilesTest, ReadersNeverSeeAHalfWrittenFile) {
  const std::string a(50'000, 'a'), b(70'000, 'b');
  ASSERT_TRUE(write_atomically(path_, a, 0640));
  const pid_t writer = fork();
  if (writer == 0) {
    for (int i = 0; i < 200; ++i)
      if (!write_atomically(path_, i % 2 == 0 ? b : a, 0640)) _exit(1);
    _exit(0);
  }
  int status = 0;
  while (waitpid(writer, &status, WNOHANG) == 0) {
    const auto seen = read_file(path_, 1 << 20, Guard::no_links);
    EXPECT_TRUE(seen && seen->has_value() && (**seen == a || **seen == b));
  }
  EXPECT_EQ(status, 0);
}

TEST_F(FilesTest, SettingAsideKeepsTheFirstOnesAndTheLast) {
  for (int i = 1; i <= limits::kFilesSetAside + 2; ++i) {
    folder_.write("state", std::to_string(i));
    const int number = std::min(i, limits::kFilesSetAside);
    EXPECT_EQ(set_aside(path_).value(), path_ + ".corrupt-" + std::to_string(number));
    EXPECT_EQ(read_file(path_, kMany, Guard::no_links).value(), std::nullopt);
  }
  EXPECT_EQ(folder_.read("state.corrupt-1"), "1");
  EXPECT_EQ(folder_.read("state.corrupt-8"), "10");
  EXPECT_EQ(folder_.count(), static_cast<std::size_t>(limits::kFilesSetAside));
  EXPECT_FALSE(set_aside(path_)) << "there is no file";
}

TEST_F(FilesTest, AFolderIsMadeForItsOwnerOnly) {
  const mode_t before = umask(0);
  const auto made = prepare_directory(path_, {65534, 65534});
  umask(before);
  ASSERT_TRUE(made);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0750U);
  EXPECT_EQ(info.st_uid, 65534U);
  EXPECT_EQ(info.st_gid, 65534U);
  EXPECT_TRUE(prepare_directory(path_, {65534, 65534})) << "it is there already";
}

TEST_F(FilesTest, AFolderThatOthersControlIsRefused) {
  ASSERT_TRUE(prepare_directory(path_, {65534, 65534}));
  EXPECT_FALSE(prepare_directory(path_, {0, 0})) << "a stranger's";
  ASSERT_EQ(chmod(path_.c_str(), 0777), 0);
  EXPECT_FALSE(prepare_directory(path_, {65534, 65534}));
  ASSERT_EQ(symlink("state", (folder_ / "link").c_str()), 0);
  EXPECT_FALSE(prepare_directory(folder_ / "link", {65534, 65534}));
  EXPECT_FALSE(prepare_directory(folder_.write("file", ""), {0, 0}));
  EXPECT_FALSE(prepare_directory(folder_ / "a/b", {0, 0}));
}

}  // namespace
}  // namespace egress::state
