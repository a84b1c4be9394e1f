// `egressctl verify` from where an agent stands: as another user, in a container, in a unit. Each
// place has a hole of its own, which is seen from there and from nowhere else.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "net/docker_engine.hpp"
#include "support/container.hpp"
#include "support/lab.hpp"

namespace egress::test {
namespace {

constexpr const char* kContainersPolicy =
    "version: 1\nresolvers: [10.77.0.1]\nforward: [\"br-*\", docker0]\nallow: "
    "[api.openai.com:443]\n";

class VerifyFrom : public ::testing::Test {
 protected:
  VerifyFrom() {
    EXPECT_TRUE(eventually([&] { return verify().exit_code == 0; })) << verify().output;
  }
  std::vector<std::string> words(std::vector<std::string> more) const {
    std::vector<std::string> all{"verify", "--ca", lab.dir() / "ca.pem"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Finished verify(const std::vector<std::string>& more = {}, uid_t user = 0) const {
    return daemon.egressctl(words(more), user);
  }
  // Whoever matches reaches github.com, by another's address.
  void make_hole(const std::string& hook, const std::string& match) const {
    lab.nft("table ip other {\n chain hole {\n type nat hook " + hook + " priority -150\n " +
            match + " ip daddr 140.82.112.4 dnat to 162.159.140.245\n }\n}\n");
  }
  static bool is_leak(const Finished& finished) {
    return finished.exit_code == 1 &&
           finished.output.find("LEAK: github.com by address") != std::string::npos;
  }

  Lab lab{Lab::Servers::all};
  Daemon daemon{lab, kContainersPolicy};
};

TEST_F(VerifyFrom, AnotherUserSeesWhatThatUserCanReach) {
  const Finished closed = verify({"--as", "nobody"});
  EXPECT_EQ(closed.exit_code, 0) << closed.output;
  EXPECT_NE(closed.output.find("probed as nobody"), std::string::npos);
  make_hole("output", "meta skuid 65534");
  EXPECT_EQ(verify().exit_code, 0) << "root does not have the hole";
  const Finished open = verify({"--as", "nobody"});
  EXPECT_TRUE(is_leak(open)) << open.output;
}

TEST_F(VerifyFrom, WhoIsNotRootMayNameHimselfAlone) {
  const Finished himself = verify({"--as", "nobody"}, kNobody);
  EXPECT_EQ(himself.exit_code, 0) << himself.output;
  const Finished root = verify({"--as", "root"}, kNobody);
  EXPECT_EQ(root.exit_code, 2) << root.output;
  EXPECT_NE(root.output.find("only root may probe as another user"), std::string::npos);
  EXPECT_EQ(verify({"--as", "nosuchuser"}).exit_code, 2);
}

TEST_F(VerifyFrom, AnyAccountIsWithoutCapabilities) {
  lab.on_host({"sysctl", "-q", "-w", "net.ipv4.ping_group_range=1 0"});
  const Finished root = verify({"--as", "root", "--skip", "true.socket"});
  EXPECT_EQ(root.exit_code, 0) << root.output;
  EXPECT_NE(root.output.find("n/a: this user may not make the socket"), std::string::npos)
      << "a raw socket would take CAP_NET_RAW";
  const Finished capable = verify();
  EXPECT_EQ(capable.exit_code, 0) << capable.output;
  EXPECT_EQ(capable.output.find("n/a: this user"), std::string::npos);
}

TEST_F(VerifyFrom, AnAccountThatMayChangeThePolicyIsAHole) {
  const Finished root = verify({"--as", "root", "--only", "true.socket"});
  EXPECT_EQ(root.exit_code, 1) << root.output;
  EXPECT_NE(root.output.find("FAILED: a change of the policy by root (uid 0)"), std::string::npos)
      << root.output;
  const Finished nobody = verify({"--as", "nobody", "--only", "true.socket"});
  EXPECT_EQ(nobody.exit_code, 0) << nobody.output;
}

TEST_F(VerifyFrom, ANetworkNamespaceSeesWhatAContainerCanReach) {
  const Container container(lab);
  const auto is_closed = [&] { return verify({"--netns", container.netns()}).exit_code == 0; };
  EXPECT_TRUE(eventually(is_closed)) << verify({"--netns", container.netns()}).output;
  make_hole("prerouting", "iifname br-lab");
  EXPECT_EQ(verify().exit_code, 0);
  const Finished open = verify({"--netns", container.netns()});
  EXPECT_TRUE(is_leak(open)) << open.output;
  EXPECT_EQ(verify({"--netns", "no-such"}).exit_code, 2);
}

TEST_F(VerifyFrom, AContainerThatIsNotHeldLeaks) {
  const Container container(lab);
  lab.on_host({"ip", "link", "set", "br-lab", "name", "other0"});
  const Finished open = verify({"--netns", container.netns()});
  EXPECT_TRUE(is_leak(open)) << open.output;
  const Finished host = verify();
  EXPECT_EQ(host.exit_code, 1) << "its own packets are held, what it forwards is not";
  EXPECT_NE(host.output.find("not proven: what comes in at other0"), std::string::npos)
      << host.output;
  EXPECT_NE(host.output.find("NOT PROVEN: 1 probe is without evidence (true.forwarding)"),
            std::string::npos);
}

TEST_F(VerifyFrom, AContainerOfARealEngineByIdAndByName) {
  run({.words = {"ip", "-n", lab.net(), "route", "add", "fd17::/64", "via", "2001:db8:77::2"}});
  run({.words = {"ip", "-n", lab.net(), "route", "add", "fd18::/64", "via", "2001:db8:77::2"}});
  DockerEngine engine(lab);
  engine.start("agent", "bridge");
  std::string id = engine.docker({"inspect", "--format", "{{.Id}}", "agent"});
  id.resize(64);
  const auto closed = [&] { return verify({"--container", id}); };
  EXPECT_TRUE(eventually([&] { return closed().exit_code == 0; })) << closed().output;
  EXPECT_NE(closed().output.find("probed in container " + id), std::string::npos);

  const std::string docker_host = "unix://" + (lab.dir() / "docker/socket").string();
  ::setenv("DOCKER_HOST", docker_host.c_str(), 1);
  const Finished named = verify({"--container", "agent"});
  ::unsetenv("DOCKER_HOST");
  EXPECT_EQ(named.exit_code, 0) << named.output;

  engine.make_network("agents", "fd18::/64");
  engine.start("other", "agents");
  ::setenv("DOCKER_HOST", docker_host.c_str(), 1);
  const Finished embedded = verify({"--container", "other"});
  ::unsetenv("DOCKER_HOST");
  EXPECT_EQ(embedded.exit_code, 0) << embedded.output;
  EXPECT_NE(embedded.output.find("DNS from udp/127.0.0.11:53 for github.com A"), std::string::npos)
      << "what its resolv.conf says";

  make_hole("prerouting", "iifname docker0");
  EXPECT_TRUE(is_leak(closed())) << closed().output;
  EXPECT_EQ(verify().exit_code, 0);
  EXPECT_EQ(verify({"--container", "no-such"}).exit_code, 2);
}

// A cgroup that the test makes, as a unit has one.
class Cgroup {
 public:
  Cgroup() : path_("/egt-verify-" + std::to_string(::getpid())) {
    std::filesystem::create_directory(kRoot + path_);
  }
  ~Cgroup() { std::filesystem::remove(kRoot + path_); }
  const std::string& path() const { return path_; }
  bool has_children() const {
    for (const auto& entry : std::filesystem::directory_iterator(kRoot + path_))
      if (entry.is_directory()) return true;
    return false;
  }

  inline static const std::string kRoot = std::filesystem::exists("/sys/fs/cgroup/unified")
                                              ? "/sys/fs/cgroup/unified"
                                              : "/sys/fs/cgroup";

 private:
  const std::string path_;
};

TEST_F(VerifyFrom, AUnitSeesWhatItsCgroupCanReach) {
  const Cgroup unit;
  const Finished closed = verify({"--unit", unit.path()});
  EXPECT_EQ(closed.exit_code, 0) << closed.output;
  EXPECT_FALSE(unit.has_children()) << "what verify made there is gone";
  // nft finds cgroups below /sys/fs/cgroup, wherever version 2 is mounted.
  const std::string from_there = Cgroup::kRoot.substr(sizeof "/sys/fs/cgroup" - 1) + unit.path();
  make_hole("output", "socket cgroupv2 level 1 \"" + from_there.substr(1) + "\"");
  EXPECT_EQ(verify().exit_code, 0);
  const Finished open = verify({"--unit", unit.path()});
  EXPECT_TRUE(is_leak(open)) << open.output;
  EXPECT_EQ(verify({"--unit", "/no/such"}).exit_code, 2);
}

}  // namespace
}  // namespace egress::test
