#include <gtest/gtest.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <filesystem>

#include "adapters/resolvconf/watch.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::resolvconf {
namespace {

namespace fs = std::filesystem;

class ResolvConfWatchTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_ / "etc"); }

  void open() { watch_ = std::make_unique<Watch>(Watch::open(paths_).value()); }
  bool is_readable() {
    pollfd fd{watch_->fd(), POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
  }
  // Takes in what has been noticed; true when the resolvers changed.
  bool changed() { return is_readable() && watch_->dispatch(); }
  std::string first() {
    const auto& resolvers = watch_->current().resolvers;
    return resolvers.empty() ? "none" : resolvers.front().address.text();
  }
  void write(const std::string& name, const std::string& nameserver) {
    folder_.write(name, "nameserver " + nameserver + "\n");
  }
  void link(const std::string& target, const std::string& name) {
    const auto beside = folder_ / "beside";
    ASSERT_EQ(symlink(target.c_str(), beside.c_str()), 0);
    fs::rename(beside, folder_ / name);
  }

  test::TemporaryFolder folder_;
  Paths paths_{folder_ / "etc/resolv.conf", folder_ / "run/systemd/resolve/resolv.conf"};
  std::unique_ptr<Watch> watch_;
};

TEST_F(ResolvConfWatchTest, WritingInPlaceIsSeen) {
  write("etc/resolv.conf", "192.0.2.1");
  open();
  EXPECT_EQ(first(), "192.0.2.1");
  EXPECT_FALSE(is_readable());
  write("etc/resolv.conf", "192.0.2.2");
  EXPECT_TRUE(changed());
  EXPECT_EQ(first(), "192.0.2.2");
}

TEST_F(ResolvConfWatchTest, ReplacingByRenameIsSeenEveryTime) {
  write("etc/resolv.conf", "192.0.2.1");
  open();
  for (const std::string address : {"192.0.2.2", "192.0.2.3", "192.0.2.4"}) {
    write("etc/new", address);
    fs::rename(folder_ / "etc/new", paths_.resolv_conf);
    EXPECT_TRUE(changed());
    EXPECT_EQ(first(), address);
  }
}

TEST_F(ResolvConfWatchTest, TheSameContentIsNoChange) {
  write("etc/resolv.conf", "192.0.2.1");
  open();
  write("etc/resolv.conf", "192.0.2.1");
  write("etc/passwd", "x");
  ASSERT_TRUE(is_readable());
  EXPECT_FALSE(watch_->dispatch());
  EXPECT_FALSE(is_readable());
}

TEST_F(ResolvConfWatchTest, RemovalAndReturnAreSeen) {
  write("etc/resolv.conf", "192.0.2.1");
  open();
  unlink(paths_.resolv_conf.c_str());
  EXPECT_TRUE(changed());
  EXPECT_EQ(first(), "none");
  write("etc/resolv.conf", "192.0.2.1");
  EXPECT_TRUE(changed());
  EXPECT_EQ(first(), "192.0.2.1");
}

TEST_F(ResolvConfWatchTest, ALinkMadeToPointElsewhereIsFollowed) {
  fs::create_directories(folder_ / "a");
  fs::create_directories(folder_ / "b");
  write("a/conf", "192.0.2.1");
  write("b/conf", "192.0.2.2");
  link("../a/conf", "etc/resolv.conf");
  open();
  EXPECT_EQ(first(), "192.0.2.1");
  link("../b/conf", "etc/resolv.conf");
  EXPECT_TRUE(changed());
  EXPECT_EQ(first(), "192.0.2.2");
  write("b/conf.new", "192.0.2.3");
  fs::rename(folder_ / "b/conf.new", folder_ / "b/conf");
  EXPECT_TRUE(changed()) << "the new target's folder must be watched";
  EXPECT_EQ(first(), "192.0.2.3");
  write("a/conf", "192.0.2.9");
  EXPECT_FALSE(is_readable()) << "the old target's folder must not be";
}

TEST_F(ResolvConfWatchTest, UpstreamsOfAStubMayAppearLater) {
  write("etc/resolv.conf", "127.0.0.53");
  open();
  EXPECT_EQ(first(), "127.0.0.53");
  fs::create_directories(folder_ / "run/systemd/resolve");
  if (is_readable()) watch_->dispatch();
  write("run/systemd/resolve/resolv.conf", "192.0.2.1");
  EXPECT_TRUE(changed());
  EXPECT_EQ(first(), "192.0.2.1");
  fs::remove_all(folder_ / "run");
  EXPECT_TRUE(changed());
  EXPECT_EQ(first(), "127.0.0.53");
  fs::create_directories(folder_ / "run/systemd/resolve");
  write("run/systemd/resolve/resolv.conf", "192.0.2.2");
  EXPECT_TRUE(changed()) << "folders made and filled before we looked";
  EXPECT_EQ(first(), "192.0.2.2");
}

TEST_F(ResolvConfWatchTest, LinksInACircleEnd) {
  ASSERT_EQ(symlink("resolv.conf", paths_.resolv_conf.c_str()), 0);
  open();
  EXPECT_EQ(first(), "none");
  EXPECT_NE(watch_->current().problem, "");
}

}  // namespace
}  // namespace egress::resolvconf
