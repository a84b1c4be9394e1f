#include "adapters/timeconf/time_servers.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "egress/core/limits.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::timeconf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::string text(const policy::TimeServer& server) {
  std::string out = server.host;
  if (server.port != 123) out += " port " + std::to_string(server.port);
  if (server.keys_port) out += " keys " + std::to_string(*server.keys_port);
  return out;
}
std::vector<std::string> texts(const std::vector<policy::TimeServer>& servers) {
  std::vector<std::string> all;
  for (const policy::TimeServer& server : servers) all.push_back(text(server));
  return all;
}

class TimeFiles : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(root / path).parent_path());
    root.write(path, content);
  }
  policy::SystemTime read() const { return read_time_servers(root.path()); }
  std::vector<std::string> servers() const { return texts(read().servers); }

  test::TemporaryFolder root;
};

TEST(ServerLines, AreThoseOfServersPoolsAndPeers) {
  const auto found = parse_server_lines(
      "# pool a.example\n! server b.example\n; peer c.example\n% server d.example\n"
      "pool 2.debian.pool.ntp.org iburst maxsources 4\nserver\t192.0.2.1 port 11123\n"
      "  Peer 2001:db8::1\r\nserver -6 six.example iburst # server e.example\n"
      "server 127.127.28.0\nserver\nservers f.example\nserver time.example iburst nts\n"
      "server keys.example:4461 nts\nserver other.example nts ntsport 4462\n",
      "/etc/chrony/chrony.conf");
  EXPECT_THAT(
      texts(found.servers),
      ElementsAre("2.debian.pool.ntp.org", "192.0.2.1 port 11123", "2001:db8::1", "six.example",
                  "time.example keys 4460", "keys.example keys 4461", "other.example keys 4462"));
  EXPECT_EQ(found.servers.front().place.text(), "/etc/chrony/chrony.conf:5:1");
  EXPECT_THAT(found.more, IsEmpty());
}

TEST_F(TimeFiles, OfNoTimeServiceNameNone) {
  EXPECT_THAT(servers(), IsEmpty());
  EXPECT_THAT(read().problems, IsEmpty());
}

TEST_F(TimeFiles, OfChronyAreThoseItIncludes) {
  write("etc/chrony/chrony.conf",
        "confdir /etc/chrony/conf.d\npool 2.debian.pool.ntp.org iburst\n"
        "sourcedir /run/chrony-dhcp\nsourcedir /etc/chrony/sources.d\n"
        "include /etc/chrony/more-*.conf\n");
  write("etc/chrony/conf.d/a.conf", "server of-conf.example\n");
  write("etc/chrony/conf.d/a.txt", "server of-txt.example\n");
  write("run/chrony-dhcp/eth0.sources", "server 192.0.2.123 iburst\n");
  write("etc/chrony/sources.d/own.sources", "pool own.example\nserver of-conf.example\n");
  write("etc/chrony/more-1.conf", "peer one.example\ninclude /etc/chrony/chrony.conf\n");
  write("etc/chrony/more-2.conf", "server two.example\n");
  EXPECT_THAT(servers(), UnorderedElementsAre("2.debian.pool.ntp.org", "of-conf.example",
                                              "own.example", "one.example", "two.example"));
  EXPECT_THAT(read().problems, IsEmpty());
}

// Whoever may write to them would choose what is open.
TEST_F(TimeFiles, ThatOthersMayWriteToAreNotRead) {
  write("etc/chrony/chrony.conf", "server of-root.example\nsourcedir /etc/chrony/sources.d\n");
  write("etc/chrony/sources.d/x.sources", "server of-others.example\n");
  const auto path = std::filesystem::path(root / "etc/chrony/sources.d/x.sources");
  ASSERT_THAT(servers(), UnorderedElementsAre("of-root.example", "of-others.example"));
  std::filesystem::permissions(path, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(servers(), ElementsAre("of-root.example"));
  EXPECT_THAT(read().problems, SizeIs(1));
}

TEST_F(TimeFiles, OfChronyWithOneNameCountTheFirst) {
  write("etc/chrony.conf", "confdir /etc/a.d /etc/b.d\n");
  write("etc/a.d/x.conf", "server first.example\n");
  write("etc/b.d/x.conf", "server second.example\n");
  EXPECT_THAT(servers(), ElementsAre("first.example"));
}

TEST_F(TimeFiles, OfNtpsecAreThoseOfItsFolderToo) {
  write("etc/ntpsec/ntp.conf",
        "pool 0.debian.pool.ntp.org iburst\nrestrict default\nincludefile more.conf\n");
  write("etc/ntpsec/more.conf", "server beside.example\n");
  write("etc/ntpsec/ntp.d/own.conf", "server own.example\n");
  write("etc/ntp.conf", "server old.example prefer\n");
  EXPECT_THAT(servers(), UnorderedElementsAre("0.debian.pool.ntp.org", "beside.example",
                                              "own.example", "old.example"));
}

// As shipped: the defaults are commented out.
constexpr const char* kShipped =
    "# Entries in this file show the compile time defaults.\n[Time]\n#NTP=\n"
    "#FallbackNTP=0.debian.pool.ntp.org 1.debian.pool.ntp.org\n#PollIntervalMinSec=32\n";

TEST_F(TimeFiles, OfTimesyncdAsShippedNameItsDefaults) {
  write("etc/systemd/timesyncd.conf", kShipped);
  EXPECT_THAT(servers(), ElementsAre("0.debian.pool.ntp.org", "1.debian.pool.ntp.org"));
}

TEST_F(TimeFiles, OfTimesyncdAddUpAndTakeBack) {
  write("etc/systemd/timesyncd.conf", std::string(kShipped) + "NTP=gone.example\n");
  write("usr/lib/systemd/timesyncd.conf.d/10.conf", "[Time]\nNTP=hidden.example\n");
  write("etc/systemd/timesyncd.conf.d/10.conf", "[Time]\nNTP=\nNTP=a.example b.example\n");
  write("run/systemd/timesyncd.conf.d/20.conf", "[Time]\nNTP=c.example\nFallbackNTP=f.example\n");
  write("etc/systemd/timesyncd.conf.d/20.conf", "[Time]\nNTP=d.example\n");
  EXPECT_THAT(servers(), ElementsAre("a.example", "b.example", "d.example"))
      << "what is below /run is what DHCP told";
}

TEST_F(TimeFiles, OfTimesyncdMayHaveAFallbackOfTheirOwnOrNone) {
  write("etc/systemd/timesyncd.conf", kShipped);
  write("etc/systemd/timesyncd.conf.d/a.conf", "[Time]\nFallbackNTP=f.example\n");
  EXPECT_THAT(servers(), ElementsAre("f.example"));
  write("etc/systemd/timesyncd.conf.d/a.conf", "[Time]\nFallbackNTP=\n");
  EXPECT_THAT(servers(), IsEmpty());
}

TEST_F(TimeFiles, ThatCannotBeReadAreToldAndTheOthersRead) {
  write("etc/chrony/chrony.conf", std::string(limits::kTimeFileBytes + 1, '\n'));
  write("etc/ntp.conf", "server fine.example\n");
  EXPECT_THAT(servers(), ElementsAre("fine.example"));
  ASSERT_THAT(read().problems, SizeIs(1));
  EXPECT_THAT(read().problems.front().text(), HasSubstr("chrony.conf"));
  write("etc/chrony/chrony.conf", std::string(limits::kTimeFileBytes, '\n'));
  EXPECT_THAT(read().problems, IsEmpty());
}

TEST_F(TimeFiles, AndTheirServersHaveALimit) {
  std::string lines;
  for (std::size_t i = 0; i < limits::kTimeServers; ++i)
    lines += "server s" + std::to_string(i) + ".example\n";
  write("etc/ntp.conf", lines);
  EXPECT_THAT(read().servers, SizeIs(limits::kTimeServers));
  EXPECT_THAT(read().problems, IsEmpty());
  write("etc/ntp.conf", lines + "server one-more.example\n");
  EXPECT_THAT(read().servers, SizeIs(limits::kTimeServers));
  EXPECT_THAT(read().problems, SizeIs(1));
}

TEST_F(TimeFiles, HaveALimit) {
  write("etc/ntp.conf", "includefile /etc/many/*\n");
  for (std::size_t i = 1; i < limits::kTimeFiles; ++i)
    write("etc/many/" + std::to_string(i), "server s" + std::to_string(i) + ".example\n");
  EXPECT_THAT(read().servers, SizeIs(limits::kTimeFiles - 1));
  EXPECT_THAT(read().problems, IsEmpty());
  write("etc/many/one-more", "server one-more.example\n");
  write("etc/many/two-more", "server two-more.example\n");
  EXPECT_THAT(read().servers, SizeIs(limits::kTimeFiles - 1));
  EXPECT_THAT(read().problems, SizeIs(1));
}

}  // namespace
}  // namespace egress::timeconf
