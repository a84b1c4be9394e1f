// The Debian package on a live host, from which an agent floods: installed, upgraded, removed and
// purged.
#include <filesystem>
#include <stdexcept>

#include "boot/files_of.hpp"
#include "boot/flooded.hpp"
#include "boot/package_file.hpp"
#include "support/tcp_session.hpp"

namespace egress::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnits[] = {"egressd.service", "egressd-lockdown.service",
                                  "egressd-dns.socket"};
constexpr const char* kAccounts = "cat /etc/passwd /etc/group; grep -c . /etc/shadow /etc/gshadow";

class Package : public Flooded {
 protected:
  Package() {
    // The shipped policy; and what README.Debian tells to write beforehand.
    fs::remove(files.folder() / "etc/egressd/egressd.yaml");
    files.write("etc/egressd/policy.d/first.yaml", "version: 1\nallow: [\"203.0.114.7:443\"]\n");
    files.copy(package_file(), "root/egressd.deb");
    bump_version(package_file(), files.folder() / "root/newer.deb");
    make_conffile(package_file(), files.folder() / "root/earlier.deb");
    add_link();
    boot({}, false);
    await_attempts();
  }

  std::string dpkg(const std::string& words) const {
    return machine->configure("DEBIAN_FRONTEND=noninteractive dpkg " + words + " 2>&1");
  }
  bool floods(Tap& tap) {
    return eventually([&] { return flood_seen(tap) == kWholeFlood; });
  }
};

TEST_F(Package, ClosesALiveHostStaysClosedWhenUpgradedAndLeavesNothing) {
  ASSERT_TRUE(floods(far_side)) << "positive control";
  TcpSession ssh(machine->netns(), 22, lab.net(), "10.78.0.2");
  const FilesOf before(*machine);
  const std::string accounts = machine->configure(kAccounts);

  EXPECT_NE(dpkg("--install /root/egressd.deb").find("this host is CLOSED"), std::string::npos);
  ASSERT_EQ(machine->property("ActiveState"), "active") << machine->journal();
  Tap installed(lab.net(), "");
  for (const char* unit : kUnits)
    EXPECT_EQ(machine->shell("systemctl is-enabled " + std::string(unit)).output, "enabled\n");
  EXPECT_TRUE(ssh.client_is_heard() && ssh.server_is_heard()) << "who installs it stays connected";
  EXPECT_EQ(tcp(kOther4), Seen::refused);
  ASSERT_EQ(machine->execute({"egressctl", "allow", "203.0.114.8:443"}).exit_code, 0);
  machine->configure("echo '# mine' >>/etc/egressd/egressd.yaml");

  const std::string pid = machine->property("MainPID");
  dpkg("--install /root/newer.deb");
  ASSERT_EQ(machine->property("ActiveState"), "active") << machine->journal();
  EXPECT_NE(machine->property("MainPID"), pid);
  EXPECT_EQ(machine->configure("tail -n 1 /etc/egressd/egressd.yaml"), "# mine\n");
  EXPECT_NE(machine->configure("egressctl list").find("203.0.114.8"), std::string::npos);
  await_attempts();
  EXPECT_TRUE(reaches(kLiteral));
  EXPECT_TRUE(ssh.client_is_heard() && ssh.server_is_heard());
  expect_nothing_left(installed);

  Tap removed(lab.net(), "");
  EXPECT_NE(dpkg("--remove egressd").find("this host is OPEN"), std::string::npos);
  EXPECT_FALSE(machine->has_table());
  EXPECT_TRUE(floods(removed));
  machine->configure("test -e /etc/egressd/egressd.yaml -a -e /var/lib/egressd/additions.yaml");

  dpkg("--purge egressd");
  EXPECT_EQ(machine->configure(kAccounts), accounts);
  for (const std::string& path : before.left_behind()) ADD_FAILURE() << path;
  EXPECT_EQ(machine
                ->shell("nft list ruleset; systemctl list-units --all --plain 'egressd*' | grep "
                        "'^egressd'; ls -d /etc/egressd /run/egressd 2>/dev/null")
                .output,
            "");
}

TEST_F(Package, HasTheRightFilesAndUsers) {
  dpkg("--install /root/egressd.deb");
  EXPECT_EQ(dpkg("--verify egressd"), "");
  EXPECT_EQ(machine->configure("dpkg-query -W -f '${Conffiles}' egressd"), "");
  EXPECT_EQ(machine->shell("cmp /usr/share/egressd/egressd.yaml /etc/egressd/egressd.yaml").output,
            "");
  EXPECT_EQ(machine->configure("getent passwd egressd | cut -d: -f5-; getent group egress | "
                               "cut -d: -f4; stat -c '%U:%G %a' /etc/egressd /etc/egressd/policy.d "
                               "/etc/egressd/egressd.yaml /var/lib/egressd /run/egressd"),
            "egressd egress firewall:/var/lib/egressd:/usr/sbin/nologin\n\nroot:root 755\n"
            "root:root 755\nroot:root 644\negressd:egressd 750\negressd:egressd 755\n");
}

// Without a terminal and without --force-confold, as unattended-upgrades does it.
TEST_F(Package, ThePolicyIsTheOperatorsAndNoUpgradeAsksAboutIt) {
  const char* const kPolicyFile = "/etc/egressd/egressd.yaml";
  const auto policy = [&] { return machine->configure("cat " + std::string(kPolicyFile)); };
  for (const bool is_edited : {true, false}) {
    dpkg("--install /root/earlier.deb </dev/null");
    ASSERT_NE(machine->configure("dpkg-query -W -f '${Conffiles}' egressd").find(kPolicyFile),
              std::string::npos)
        << "positive control";
    if (is_edited) machine->configure("echo '# mine' >>" + std::string(kPolicyFile));
    const std::string held = policy();
    EXPECT_TRUE(held.ends_with(is_edited ? "# mine\n" : "# of the earlier version\n"));
    for (const char* package : {"/root/egressd.deb", "/root/newer.deb"}) {
      dpkg("--install " + std::string(package) + " </dev/null");
      EXPECT_EQ(policy(), held);
      EXPECT_EQ(machine->configure("dpkg-query -W -f '${db:Status-Status}' egressd"), "installed");
      EXPECT_EQ(machine->property("ActiveState"), "active") << machine->journal();
      EXPECT_EQ(machine->shell("ls /etc/egressd").output, "egressd.yaml\npolicy.d\n");
    }
    dpkg("--remove egressd");
    EXPECT_EQ(policy(), held);
    dpkg("--purge egressd");
    EXPECT_NE(machine->shell("ls -d /etc/egressd").exit_code, 0);
  }
}

// As in a chroot, or where an image is made: nothing starts, and no table of the kernel is touched.
TEST_F(Package, InATreeThatDidNotBootNothingStartsAndNoTableGoes) {
  const auto unbooted = [&](const std::string& words) {
    return machine->configure(
        "nft 'add table inet egressd'; unshare --mount sh -ec 'mount -t tmpfs none /run; "
        "DEBIAN_FRONTEND=noninteractive dpkg " +
        words + " 2>&1'; nft list tables");
  };
  const std::string installed = unbooted("--install /root/egressd.deb");
  EXPECT_NE(installed.find("not started here"), std::string::npos) << installed;
  EXPECT_NE(machine->property("ActiveState"), "active");
  machine->configure("test -e /etc/systemd/system/sysinit.target.wants/egressd-lockdown.service");
  const std::string purged = unbooted("--purge egressd");
  EXPECT_EQ(purged.find("OPEN"), std::string::npos) << purged;
  EXPECT_NE(purged.find("table inet egressd"), std::string::npos) << purged;
}

}  // namespace
}  // namespace egress::test
