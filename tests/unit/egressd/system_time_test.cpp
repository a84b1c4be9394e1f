// `ntp: system`: the time servers of this host's own time services.
#include <gmock/gmock.h>

#include "unit/egressd/store_world.hpp"

namespace egress::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SystemTimeTest : public testing::Test {
 protected:
  SystemTimeTest() {
    std::filesystem::create_directories(world.folder / "etc/chrony");
    chrony("pool 2.debian.pool.ntp.org iburst\n");
    world.write_policy("version: 1\nservices: { ntp: system }\n");
    world.start();
  }
  void chrony(const std::string& text) const { world.folder.write("etc/chrony/chrony.conf", text); }

  StoreWorld world;
};

TEST_F(SystemTimeTest, IsAllowedAsItIsConfigured) {
  ASSERT_EQ(world.source, PolicySource::files);
  EXPECT_THAT(world.open(), ElementsAre("udp/2.debian.pool.ntp.org:123"));
  const policy::AllowEntry& entry = world.policy.entries[0];
  EXPECT_EQ(entry.origin.service, "ntp");
  EXPECT_TRUE(entry.is_optional);
  EXPECT_THAT(entry.origin.place.text(), testing::HasSubstr("chrony.conf:1"));
  EXPECT_TRUE(policy::risk_of(entry)) << "strangers are in the pool";
}

TEST_F(SystemTimeTest, FollowsAtReload) {
  chrony("server time.example nts\nserver odd.example port 1123\n");
  EXPECT_THAT(world.open(), ElementsAre("udp/2.debian.pool.ntp.org:123")) << "not before";
  ASSERT_TRUE(world.reload());
  EXPECT_THAT(world.open(),
              ElementsAre("tcp/time.example:4460", "udp/odd.example:1123", "udp/time.example:123"));
}

TEST_F(SystemTimeTest, IsOnlyReadWhereThePolicySaysSo) {
  world.write_policy("version: 1\nservices: { ntp: [pool.ntp.org] }\n");
  ASSERT_TRUE(world.reload());
  EXPECT_THAT(world.open(), ElementsAre("udp/pool.ntp.org:123"));
  world.write_policy("version: 1\n");
  ASSERT_TRUE(world.reload());
  EXPECT_THAT(world.open(), IsEmpty());
}

// The files of a time service are no policy: a mistake there makes no policy unusable.
TEST_F(SystemTimeTest, WhatCannotBeAllowedIsAWarning) {
  chrony("server com\nserver fine.example\n");
  world.suffixes = {"com"};
  ASSERT_TRUE(world.reload());
  EXPECT_THAT(world.open(), ElementsAre("udp/fine.example:123"));
  EXPECT_TRUE(world.warns_of("chrony.conf:1"));
  chrony("");
  ASSERT_TRUE(world.reload());
  EXPECT_THAT(world.open(), IsEmpty());
  EXPECT_TRUE(world.warns_of("no time service of this host names a server"));
}

// No time service asks many names or addresses under one.
TEST_F(SystemTimeTest, ServersAreSingleOnes) {
  chrony("server *.example.com\nserver .example.com\nserver 192.0.0.0/8\nserver 192.0.2.7\n");
  ASSERT_TRUE(world.reload());
  EXPECT_THAT(world.open(), ElementsAre("udp/192.0.2.7:123"));
  EXPECT_TRUE(world.warns_of("is no name and no address of one server"));
}

TEST_F(SystemTimeTest, GivesWayToAnEntryThatIsWrittenOut) {
  chrony("server time.corp\n");
  world.write_policy(
      "version: 1\nservices: { ntp: system }\n"
      "allow: [{ target: 'udp/time.corp:123', private: true }]\n");
  ASSERT_TRUE(world.reload());
  ASSERT_THAT(world.open(), ElementsAre("udp/time.corp:123"));
  EXPECT_TRUE(world.policy.entries[0].allows_private);
}

}  // namespace
}  // namespace egress::daemon
