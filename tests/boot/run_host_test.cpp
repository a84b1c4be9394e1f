// scripts/run --uninstall, on a machine that has what `cmake --install` gives.
#include <gtest/gtest.h>

#include "boot/files_of.hpp"

namespace egress::test {
namespace {

TEST(Uninstall, LeavesNothing) {
  const Machine machine{{.nspawn = {"--bind-ro=" SOURCE_DIR ":/run/source"}}};
  ASSERT_TRUE(machine.becomes_active()) << machine.journal();
  machine.configure("egressctl allow 203.0.114.8:443");
  ASSERT_FALSE(left_behind(files_of_the_tree(), files_of(machine)).empty()) << "positive control";

  const Finished declined = machine.shell("/run/source/scripts/run --uninstall </dev/null");
  EXPECT_EQ(declined.exit_code, 1) << declined.output;
  EXPECT_TRUE(machine.has_table()) << "nobody said yes";

  machine.configure("/run/source/scripts/run --uninstall --yes");
  for (const std::string& path : left_behind(files_of_the_tree(), files_of(machine)))
    ADD_FAILURE() << path;
  EXPECT_EQ(machine
                .shell("nft list tables; systemctl list-units --all --plain 'egressd*' | grep "
                       "'^egressd'; getent passwd egressd; getent group egressd egress; ls -d "
                       "/run/egressd 2>/dev/null")
                .output,
            "");
}

}  // namespace
}  // namespace egress::test
