// The faults that the fake kernel can be told to have.
#include <gtest/gtest.h>

#include <cerrno>

#include "contract/machine.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_kernel.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using Status = nft::CommitOutcome::Status;

class FakeFaults : public testing::Test {
 protected:
  nft::CommitOutcome install() { return kernel_.commit({nft::Base{}, {}}); }
  nft::CommitOutcome open(const char* address) {
    return kernel_.commit({.replace = {}, .changes = {add(key(nft::SetId::allow, address), 1min)}});
  }
  std::size_t held() { return kernel_.read({})->elements.size(); }

  FakeClock clock_;
  FakeKernel kernel_{clock_};
};

TEST_F(FakeFaults, TheNthCommitIsRefusedAndOnlyThat) {
  kernel_.refuse_commit(2, ENOMEM);
  EXPECT_EQ(install().status, Status::committed);
  const auto outcome = open("192.0.2.1");
  EXPECT_EQ(outcome.status, Status::refused);
  EXPECT_EQ(outcome.error, ENOMEM);
  EXPECT_EQ(held(), 0U);
  EXPECT_EQ(open("192.0.2.1").status, Status::committed);
  EXPECT_EQ(held(), 1U);
}

TEST_F(FakeFaults, ALostAcknowledgementSaysNothingOfWhatHappened) {
  kernel_.lose_acknowledgement(2, FakeKernel::Fate::applied);
  kernel_.lose_acknowledgement(3, FakeKernel::Fate::dropped);
  install();
  EXPECT_EQ(open("192.0.2.1").status, Status::unknown);
  EXPECT_EQ(open("192.0.2.2").status, Status::unknown);
  EXPECT_EQ(held(), 1U);
}

TEST_F(FakeFaults, WhatOthersAlterShowsUntilTheTableIsReplaced) {
  install();
  kernel_.tamper("chain output has a rule that is not ours");
  EXPECT_EQ(kernel_.read({})->deviations.size(), 1U);
  install();
  EXPECT_EQ(kernel_.read({})->deviations.size(), 0U);
}

}  // namespace
}  // namespace egress::test
