// A table that is the daemon's alone, whoever else is root: while it runs, while it is dead, and
// across its restarts.
#include <gmock/gmock.h>
#include <unistd.h>

#include "contract/real_kernel.hpp"
#include "egress/nft/layout.hpp"
#include "support/address.hpp"

namespace egress::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Kernel = std::unique_ptr<netlink::NetlinkKernel>;

class Ownership : public testing::Test {
 protected:
  static bool commits(nft::Kernel& kernel, const nft::Transaction& transaction) {
    return kernel.commit(transaction).status == nft::CommitOutcome::Status::committed;
  }
  static bool installs(nft::Kernel& kernel) { return commits(kernel, {nft::Base{}, {}}); }
  static bool opens_an_address(nft::Kernel& kernel) {
    const auto key = nft::ElementKey::endpoint(
        nft::SetId::allow, {*IpAddress::parse("192.0.2.1"), Transport::tcp, 443});
    return commits(kernel, {.replace = {},
                            .changes = {{nft::Change::Verb::add, key, std::chrono::minutes(1)}}});
  }
  bool stands() const { return netns_.run("nft list tables").find("egressd") != std::string::npos; }
  // The kernel's own number of a set: another one after it was made anew.
  std::string set_handle() const {
    return netns_.run("nft -a list sets inet | grep 'set nets4' | head -n 1");
  }
  // What another root process tries.
  bool others_can(const std::string& command) const {
    try {
      netns_.run(command);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }
  void flush() const { netns_.run("nft flush ruleset"); }

  const NetworkNamespace netns_;
};

TEST_F(Ownership, NobodyElseChangesTheTable) {
  const Kernel kernel = open_kernel(netns_);
  ASSERT_TRUE(installs(*kernel));
  netns_.run("nft add table inet other; nft add chain inet other c");
  ASSERT_TRUE(others_can("nft flush chain inet other c")) << "positive control";
  for (const char* attempt :
       {"nft insert rule inet egressd output accept", "nft flush chain inet egressd output",
        "nft delete table inet egressd", "nft 'add table inet egressd { flags dormant; }'",
        "nft 'chain inet egressd output { policy accept; }'", "nft flush table inet egressd",
        "nft add element inet egressd allow4 '{ 192.0.2.66 . tcp . 443 timeout 1h }'"})
    EXPECT_FALSE(others_can(attempt)) << attempt;
  EXPECT_THAT(kernel->read({})->deviations, IsEmpty());
  flush();
  EXPECT_EQ(netns_.run("nft list tables"), "table inet egressd\n") << "the other one went";
  EXPECT_THAT(kernel->read({})->deviations, IsEmpty());
  EXPECT_TRUE(opens_an_address(*kernel));
  EXPECT_TRUE(installs(*kernel)) << "it can be made anew";
  EXPECT_THAT(kernel->read({})->deviations, IsEmpty());
}

TEST_F(Ownership, ASharedTableCanBeChangedByAnybody) {
  const Kernel kernel = open_shared_kernel(netns_);
  ASSERT_TRUE(installs(*kernel));
  EXPECT_TRUE(others_can("nft insert rule inet egressd output accept"));
  flush();
  EXPECT_FALSE(stands());
}

TEST_F(Ownership, WhoeverHoldsTheDescriptorKeepsTheTable) {
  Kernel kernel = open_kernel(netns_);
  ASSERT_TRUE(installs(*kernel));
  const int kept = dup(kernel->descriptor());
  kernel.reset();
  flush();
  EXPECT_FALSE(others_can("nft delete table inet egressd"));
  EXPECT_TRUE(stands());

  const auto next = netlink::open_kernel({}, kept);
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_TRUE((*next)->found_table());
  EXPECT_THAT((*next)->read({})->deviations, IsEmpty());
  EXPECT_TRUE(opens_an_address(**next)) << "it goes on where the other ended";
}

TEST_F(Ownership, AnOrphanStaysAndIsAdopted) {
  Kernel first = open_kernel(netns_);
  EXPECT_FALSE(first->found_table());
  ASSERT_TRUE(installs(*first));
  first.reset();
  EXPECT_TRUE(stands()) << "it has died with its owner, which leaves the host open";

  const Kernel next = open_kernel(netns_);
  EXPECT_TRUE(next->found_table());
  EXPECT_THAT(next->read({})->deviations, testing::ElementsAre(HasSubstr("nobody's own")));
  const std::string handle = set_handle();
  ASSERT_THAT(handle, HasSubstr("handle"));
  ASSERT_TRUE(installs(*next));
  EXPECT_EQ(set_handle(), handle) << "its sets stay";
  EXPECT_THAT(next->read({})->deviations, IsEmpty());
  flush();
  EXPECT_TRUE(stands());
}

TEST_F(Ownership, AnOrphanCanBecomeShared) {
  Kernel first = open_kernel(netns_);
  ASSERT_TRUE(installs(*first));
  first.reset();
  const Kernel next = open_shared_kernel(netns_);
  ASSERT_TRUE(installs(*next));
  EXPECT_THAT(next->read({})->deviations, IsEmpty());
}

TEST_F(Ownership, ATableOfTheTierWithoutOwnersIsTakenOver) {
  Kernel first = open_shared_kernel(netns_);
  ASSERT_TRUE(installs(*first));
  first.reset();
  const Kernel next = open_kernel(netns_);
  ASSERT_TRUE(installs(*next));
  EXPECT_THAT(next->read({})->deviations, IsEmpty());
}

TEST_F(Ownership, AnotherOwnerIsNamed) {
  const Kernel first = open_kernel(netns_);
  ASSERT_TRUE(installs(*first));
  const auto second = in_namespace(netns_.name(), [] { return netlink::open_kernel(); });
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              HasSubstr("belongs to another program, which alone can change it (netlink port " +
                        std::to_string(first->port())));
  EXPECT_THAT(first->read({})->deviations, IsEmpty());
}

TEST_F(Ownership, ADescriptorOfSomethingElseIsRefused) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto kernel = netlink::open_kernel({}, ends[0]);
  close(ends[1]);
  ASSERT_FALSE(kernel);
  EXPECT_THAT(kernel.error().message, HasSubstr("no netfilter netlink socket"));
}

}  // namespace
}  // namespace egress::test
