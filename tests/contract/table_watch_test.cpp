// What others do to our table is noticed, with who did it; what they do elsewhere, and what we do,
// is not.
#include "adapters/netlink/table_watch.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>

#include "contract/real_kernel.hpp"
#include "support/address.hpp"

namespace egress::test {
namespace {

using netlink::Tampering;

class TableWatch : public testing::Test {
 protected:
  void install() {
    ASSERT_EQ(kernel_->commit({nft::Base{}, {}}).status, nft::CommitOutcome::Status::committed);
  }
  std::optional<Tampering> after(const std::string& command) {
    netns_.run(command);
    return watch_.dispatch();
  }

  const NetworkNamespace netns_;
  const std::unique_ptr<netlink::NetlinkKernel> kernel_ = open_shared_kernel(netns_);
  netlink::TableWatch watch_ = in_namespace(
      netns_.name(), [&] { return netlink::TableWatch::open(kernel_->port()).value(); });
};

TEST_F(TableWatch, EveryKindOfChangeNamesItsAuthor) {
  for (const char* change :
       {"nft insert rule inet egressd output accept", "nft add chain inet egressd c",
        "nft add set inet egressd s '{ type ipv4_addr; }'",
        "nft add element inet egressd allow4 '{ 192.0.2.66 . tcp . 443 timeout 1h }'",
        "nft add counter inet egressd c", "nft 'chain inet egressd output { policy accept; }'",
        "nft delete table inet egressd"}) {
    install();
    ASSERT_FALSE(watch_.dispatch()) << "our own change";
    const auto tampering = after(change);
    ASSERT_TRUE(tampering) << change;
    EXPECT_EQ(tampering->program, "nft");
    EXPECT_GT(tampering->pid, 1u);
    EXPECT_FALSE(watch_.dispatch()) << "told twice";
  }
}

TEST_F(TableWatch, AFlushOfEverythingIsNoticed) {
  install();
  EXPECT_TRUE(after("nft flush ruleset"));
}

TEST_F(TableWatch, WhatOthersDoToTheirTablesIsTheirs) {
  install();
  EXPECT_FALSE(
      after("nft add table inet other; nft add chain inet other c; "
            "nft add rule inet other c accept; nft add table ip egressd; "
            "nft delete table inet other; nft delete table ip egressd"));
}

TEST_F(TableWatch, NoticesThatWereLostCountAsAChange) {
  install();
  // More than the socket holds.
  const std::string file = testing::TempDir() + netns_.name() + ".nft";
  std::ofstream batch(file);
  batch << "add table inet other\nadd set inet other s { type ipv4_addr; }\nadd element inet other "
           "s { 10.0.0.1";
  for (int i = 0; i < 20'000; ++i) batch << ", 10.1." << i / 250 << '.' << i % 250;
  batch << " }\n";
  batch.close();
  const auto tampering =
      after("for i in 1 2 3 4 5 6; do nft -f " + file + " && nft delete table inet other; done");
  std::remove(file.c_str());
  ASSERT_TRUE(tampering);
  EXPECT_EQ(tampering->pid, 0u);
}

}  // namespace
}  // namespace egress::test
