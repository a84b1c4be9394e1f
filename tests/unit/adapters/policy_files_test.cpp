#include "adapters/state/policy_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "egress/core/limits.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::state {
namespace {

class PolicyFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    main_ = folder_.write("egressd.yaml", "version: 1\n");
    ASSERT_EQ(mkdir((folder_ / "policy.d").c_str(), 0755), 0);
  }
  void expect_refused(const std::string& words) {
    const auto read = read_policy_files(main_);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find(words), std::string::npos) << read.error().message;
  }

  test::TemporaryFolder folder_;
  std::string main_;
};

TEST_F(PolicyFilesTest, TheMainFileFirstThenTheOthersByName) {
  folder_.write("policy.d/20-b.yaml", "b");
  folder_.write("policy.d/10-a.yaml", "a");
  folder_.write("policy.d/9.yaml", "nine");
  folder_.write("policy.d/notes.txt", "no");
  folder_.write("policy.d/.hidden.yaml", "no");
  const std::vector<PolicyFile> expected{{main_, "version: 1\n"},
                                         {folder_ / "policy.d/10-a.yaml", "a"},
                                         {folder_ / "policy.d/20-b.yaml", "b"},
                                         {folder_ / "policy.d/9.yaml", "nine"}};
  EXPECT_EQ(read_policy_files(main_).value(), expected);
}

TEST_F(PolicyFilesTest, TheFolderNeedNotExist) {
  ASSERT_EQ(rmdir((folder_ / "policy.d").c_str()), 0);
  EXPECT_EQ(read_policy_files(main_).value().size(), 1U);
  EXPECT_TRUE(read_policy_folder(folder_ / "rules").value().empty());
}

TEST_F(PolicyFilesTest, TheMainFileMust) {
  unlink(main_.c_str());
  expect_refused("does not exist");
}

TEST_F(PolicyFilesTest, FilesThatOthersCanChangeAreRefused) {
  const auto extra = folder_.write("policy.d/a.yaml", "a");
  ASSERT_TRUE(read_policy_files(main_));
  for (const auto& file : {main_, extra}) {
    for (const mode_t mode : {0664U, 0646U}) {
      chmod(file.c_str(), mode);
      expect_refused("writable by others");
    }
    chmod(file.c_str(), 0644);
    ASSERT_EQ(chown(file.c_str(), 65534, 0), 0);
    expect_refused("belongs to uid 65534");
    ASSERT_EQ(chown(file.c_str(), 0, 0), 0);
  }
  EXPECT_TRUE(read_policy_files(main_));
}

TEST_F(PolicyFilesTest, FoldersThatOthersCanChangeAreRefused) {
  for (const auto& folder : {folder_.path(), folder_ / "policy.d"}) {
    chmod(folder.c_str(), 0777);
    expect_refused("writable by others");
    chmod(folder.c_str(), 01777);
    EXPECT_TRUE(read_policy_files(main_)) << "sticky: what is root's stays";
    chmod(folder.c_str(), 0755);
  }
}

TEST_F(PolicyFilesTest, LinksAreJudgedByTheirTarget) {
  folder_.write("theirs", "x", 0666);
  ASSERT_EQ(symlink("../theirs", (folder_ / "policy.d/link.yaml").c_str()), 0);
  expect_refused("writable by others");
  chmod((folder_ / "theirs").c_str(), 0644);
  EXPECT_EQ(read_policy_files(main_).value().size(), 2U);
  unlink((folder_ / "theirs").c_str());
  expect_refused("does not exist");
}

TEST_F(PolicyFilesTest, OnlyRegularFilesCount) {
  ASSERT_EQ(mkdir((folder_ / "policy.d/sub.yaml").c_str(), 0755), 0);
  expect_refused("not a regular file");
}

TEST_F(PolicyFilesTest, SizeHasALimit) {
  folder_.write("policy.d/a.yaml", std::string(limits::kPolicyFileBytes, ' '));
  EXPECT_TRUE(read_policy_files(main_));
  folder_.write("policy.d/a.yaml", std::string(limits::kPolicyFileBytes + 1, ' '));
  expect_refused("larger than");
}

TEST_F(PolicyFilesTest, NumberHasALimit) {
  for (std::size_t i = 0; i < limits::kPolicyFiles; ++i)
    folder_.write("policy.d/" + std::to_string(i) + ".yaml", "");
  EXPECT_EQ(read_policy_files(main_).value().size(), limits::kPolicyFiles + 1);
  folder_.write("policy.d/more.yaml", "");
  expect_refused("more than");
}

}  // namespace
}  // namespace egress::state
