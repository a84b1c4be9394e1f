// scripts/run --host and --uninstall, typed on a live host from which an agent floods. It has the
// programs and packages of the machine that tests, and a copy of this tree with its finished build.
#include <filesystem>

#include "boot/files_of.hpp"
#include "boot/flooded.hpp"
#include "boot/package_file.hpp"
#include "support/tcp_session.hpp"

namespace egress::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAccounts = "cat /etc/passwd /etc/group";
// Fails where a file goes meanwhile, as others build in the same place.
constexpr const char* kCopySource =
    "mkdir -p " SOURCE_DIR "/build && cp -a /run/source/build/release " SOURCE_DIR
    "/build && cp -a $(find /run/source -mindepth 1 -maxdepth 1 ! -name build ! -name "
    ".git) " SOURCE_DIR;

class RunHost : public Flooded {
 protected:
  RunHost() {
    fs::remove_all(files.folder() / "etc/egressd");  // the policy is to be the shipped one
    files.write("etc/resolv.conf", "nameserver " + std::string(kMachineResolver) + "\n");
    // sudo looks up the name of its host.
    files.write("etc/hostname", "vm\n");
    files.write("etc/hosts", "127.0.0.1 localhost vm\n::1 localhost\n");
    add_link();
    boot({"--overlay=+/usr:/usr::/usr", "--bind-ro=/etc/alternatives", "--bind-ro=/var/lib/dpkg",
          "--bind-ro=" SOURCE_DIR ":/run/source"},
         false);
    EXPECT_TRUE(eventually([&] { return machine->shell(kCopySource).exit_code == 0; }));
    await_attempts();
  }

  Finished type(const std::string& command) const {
    return machine->execute(
        {"env", "--chdir=" SOURCE_DIR, "HOME=/root", "bash", "-c", command + " </dev/null"});
  }
  Finished type_at_terminal(const std::string& command, const std::string& answer) const {
    return machine->execute({"env", "--chdir=" SOURCE_DIR, "HOME=/root", "bash", "-c",
                             "script -qec '" + command + "' /dev/null <<<" + answer});
  }
  // Neither without a terminal nor where the answer is no.
  void expect_declined(const std::string& command) const {
    const Finished alone = type(command);
    EXPECT_EQ(alone.exit_code, 1);
    EXPECT_NE(alone.output.find("say --yes"), std::string::npos) << alone.output;
    const Finished answered = type_at_terminal(command, "n");
    EXPECT_EQ(answered.exit_code, 1);
    EXPECT_NE(answered.output.find("nothing was changed"), std::string::npos) << answered.output;
  }
  void expect_enforced(const Finished& finished) const {
    EXPECT_EQ(finished.exit_code, 0);
    for (const char* text : {": enforcing\n", " (from /etc/resolv.conf), dns guard"})
      EXPECT_NE(finished.output.find(text), std::string::npos) << text;
    for (const char* text : {"warnings", "deps: ", "Failed"})
      EXPECT_EQ(finished.output.find(text), std::string::npos) << text;
    EXPECT_TRUE(finished.output.ends_with(
        "\n\nNext:     egressctl allow HOST:PORT\nTo undo:  sudo scripts/run --uninstall\n"));
    EXPECT_EQ(type("grep -q 'no work to do' build/release.log").exit_code, 0) << "nothing to build";
    EXPECT_EQ(machine->execute({"egressctl", "status"}).exit_code, 0);
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    if (HasFailure()) ADD_FAILURE() << finished.output;
  }
  bool floods(Tap& tap) const {
    return eventually([&] { return flood_seen(tap) == kWholeFlood; });
  }
  // But for what a build writes.
  static Paths left_behind(const FilesOf& before) {
    Paths left = before.left_behind();
    std::erase_if(left,
                  [](const std::string& path) { return path.starts_with(SOURCE_DIR "/build/"); });
    return left;
  }
};

TEST_F(RunHost, ClosesTheMachineAndUninstallLeavesNothing) {
  ASSERT_TRUE(floods(far_side)) << "positive control";
  ASSERT_EQ(tcp(kOther4), Seen::answered) << "positive control";
  TcpSession ssh(machine->netns(), 22, lab.net(), "10.78.0.2");
  const FilesOf before(*machine);
  const std::string accounts = machine->configure(kAccounts);

  expect_declined("sudo scripts/run --host");
  EXPECT_EQ(left_behind(before), Paths());
  EXPECT_EQ(machine->configure("nft list tables; " + std::string(kAccounts)), accounts);
  EXPECT_EQ(type("ls build").output, "release\n") << "it has not even built";
  EXPECT_EQ(tcp(kOther4), Seen::answered);

  expect_enforced(type("sudo scripts/run --host --yes"));
  Tap closed(lab.net(), "");
  ASSERT_FALSE(left_behind(before).empty()) << "positive control";
  EXPECT_EQ(tcp(kLiteral), Seen::refused);
  machine->configure("egressctl allow " + std::string(kLiteral) +
                     ":443; echo '# mine' >>/etc/egressd/egressd.yaml");
  EXPECT_TRUE(reaches(kLiteral));

  machine->configure(
      "touch /usr/share/egressd/outdated; printf '\\n/usr/share/egressd/outdated' "
      ">>" SOURCE_DIR "/build/release/install_manifest.txt");
  const std::string pid = machine->property("MainPID");
  expect_enforced(type("sudo scripts/run --host --yes"));
  EXPECT_NE(machine->property("MainPID"), pid) << "what was built last is what runs";
  EXPECT_EQ(machine->shell("ls /usr/share/egressd").output.find("outdated"), std::string::npos)
      << "of an earlier version";
  EXPECT_EQ(machine->configure("tail -n 1 /etc/egressd/egressd.yaml"), "# mine\n");
  EXPECT_TRUE(reaches(kLiteral));
  EXPECT_TRUE(ssh.client_is_heard() && ssh.server_is_heard()) << "who installs it stays connected";

  expect_declined("sudo scripts/run --uninstall");
  EXPECT_EQ(machine->property("ActiveState"), "active");
  await_attempts();
  expect_nothing_left(closed);

  Tap opened(lab.net(), "");
  const Finished removed = type_at_terminal("sudo scripts/run --uninstall", "y");
  EXPECT_EQ(removed.exit_code, 0) << removed.output;
  EXPECT_TRUE(removed.output.ends_with("egressd is gone; this machine is open.\r\n"))
      << removed.output;
  EXPECT_TRUE(floods(opened));
  EXPECT_EQ(left_behind(before), Paths());
  EXPECT_EQ(machine->configure("nft list tables; " + std::string(kAccounts)), accounts);
  EXPECT_EQ(machine
                ->shell("systemctl list-units --all --plain 'egressd*' | grep '^egressd'; ls -d "
                        "/run/egressd 2>/dev/null")
                .output,
            "");
  const Finished again = type("sudo scripts/run --uninstall --yes");
  EXPECT_EQ(again.exit_code, 0) << "one that was broken off can be ended: " << again.output;
}

TEST(RunHostBesideAPackage, LeavesItToApt) {
  MachineFiles files;
  files.copy(package_file(), "root/egressd.deb");
  const Machine machine{{.files = files.folder(),
                         .nspawn = {"--bind-ro=" SOURCE_DIR ":/run/source"},
                         .has_product = false}};
  ASSERT_TRUE(machine.becomes_active("multi-user.target"));
  machine.configure("dpkg --install /root/egressd.deb 2>&1");
  for (const char* option : {"--host", "--uninstall"}) {
    const Finished refused =
        machine.shell("/run/source/scripts/run " + std::string(option) + " --yes");
    EXPECT_EQ(refused.exit_code, 1) << refused.output;
    EXPECT_NE(refused.output.find("the Debian package egressd is installed here"),
              std::string::npos)
        << refused.output;
  }
  EXPECT_EQ(machine.configure("dpkg --verify egressd"), "");
  EXPECT_EQ(machine.property("ActiveState"), "active");
}

}  // namespace
}  // namespace egress::test
