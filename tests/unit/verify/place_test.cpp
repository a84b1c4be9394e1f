// What a probing process tells, and how places are found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "egressctl/place/find.hpp"
#include "egressctl/place/observations.hpp"
#include "fixtures.hpp"

namespace egress::place {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Observations, ComeBackAsTheyWere) {
  probe::Observation full = verify::answer(3, {verify::ip("192.0.2.1"), verify::ip("2001:db8::1")});
  full.error = 111;
  full.elapsed = std::chrono::microseconds(1234);
  full.offender = verify::ip("10.0.0.1");
  full.offender_is_local = true;
  full.detail = std::string("\xff\x00<\n", 4);
  full.is_truncated = true;
  full.extended_error = {15, "egressd: \xfe"};
  const auto back = parse_observations(print_observations({full, {}})).value();
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].outcome, full.outcome);
  EXPECT_EQ(back[0].error, full.error);
  EXPECT_EQ(back[0].elapsed, full.elapsed);
  EXPECT_EQ(back[0].offender, full.offender);
  EXPECT_EQ(back[0].offender_is_local, full.offender_is_local);
  EXPECT_EQ(back[0].detail, full.detail);
  EXPECT_EQ(back[0].rcode, full.rcode);
  EXPECT_EQ(back[0].addresses, full.addresses);
  EXPECT_EQ(back[0].records, full.records);
  EXPECT_EQ(back[0].is_truncated, full.is_truncated);
  EXPECT_EQ(back[0].extended_error, full.extended_error);
  EXPECT_EQ(back[1].outcome, probe::Outcome::impossible);
  EXPECT_FALSE(back[1].rcode || back[1].offender || back[1].extended_error);
}

TEST(Observations, WhatIsNoneIsAnError) {
  for (const char* text : {"", "[", "[{}]", "{}x", "[{\"outcome\":1}]"})
    EXPECT_FALSE(parse_observations(text)) << text;
}

class Find : public ::testing::Test {
 protected:
  Find() { fs::create_directories(root); }
  ~Find() override { fs::remove_all(root); }
  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  const fs::path root = fs::path(testing::TempDir()) / ("find-place-" + std::to_string(getpid()));
};

TEST_F(Find, AnAccountByNameAndByNumberWithItsGroups) {
  const auto root_account = find_account("root").value();
  EXPECT_EQ(root_account.uid, 0U);
  EXPECT_THAT(root_account.groups, ::testing::Contains(0U));
  EXPECT_EQ(find_account("0").value().name, "root");
  EXPECT_FALSE(find_account("no-such-user"));
  EXPECT_FALSE(find_account(""));
}

TEST_F(Find, AContainersFirstProcessByTheIdInItsCgroup) {
  write("200/cgroup", "0::/docker/0123456789abcdef\n");
  write("41/cgroup", "0::/docker/0123456789abcdef/inner\n");
  write("7/cgroup", "0::/system.slice/cron.service\n");
  write("self/cgroup", "0::/docker/0123456789abcdef\n");
  EXPECT_EQ(find_container_process("0123456789ab", root).value(), 41);
  const auto unknown = find_container_process("ffffffffffff", root);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("no container \"ffffffffffff\" runs here"));
  EXPECT_FALSE(find_container_process("docker", root)) << "no id: too many have that";
  EXPECT_FALSE(find_container_process("/system.slice/cron", root));
}

TEST_F(Find, WhereCgroupVersion2IsMounted) {
  write("mountinfo",
        "30 25 0:27 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs rw\n"
        "31 30 0:28 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(find_cgroup_root(root / "mountinfo").value(), "/sys/fs/cgroup/unified");
  EXPECT_FALSE(find_cgroup_root(root / "none"));
}

TEST_F(Find, TheNameserversOfAFileAndNothingElse) {
  write("resolv.conf",
        "# nameserver 192.0.2.9\nnameserver 127.0.0.11\nsearch corp\nnameserver 2001:db8::1\n"
        "nameserver\nnameserver x\noptions ndots:0\n");
  EXPECT_THAT(read_nameservers(root / "resolv.conf"), ElementsAre("127.0.0.11", "2001:db8::1"));
  fs::create_symlink(root / "resolv.conf", root / "link");
  EXPECT_TRUE(read_nameservers(root / "link").empty()) << "it may lead out of the container";
  ASSERT_EQ(::mkfifo((root / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(read_nameservers(root / "pipe").empty()) << "nobody may make us wait";
}

TEST_F(Find, WordsThatLeadNowhereAreNamed) {
  EXPECT_THAT(find_place({.user = "no-such-user"}).error().message, HasSubstr("\"no-such-user\""));
  EXPECT_THAT(find_place({.netns = "no-such"}).error().message, HasSubstr("/run/netns/no-such"));
  EXPECT_THAT(find_place({.unit = "/no/such"}).error().message, HasSubstr("/no/such"));
  EXPECT_TRUE(find_place({}).value().is_here());
}

}  // namespace
}  // namespace egress::place
