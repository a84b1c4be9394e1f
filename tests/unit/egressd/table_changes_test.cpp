// What a process that reads the table is told of the changes meanwhile.
#include "egressd/table_changes.hpp"

#include <gtest/gtest.h>

#include "egress/core/limits.hpp"

namespace egress::daemon {
namespace {

nft::Transaction changes(std::size_t number) {
  nft::Transaction transaction;
  for (std::size_t i = 0; i < number; ++i) {
    const auto octet = [&](int shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
    const Endpoint to{IpAddress::v4({10, octet(16), octet(8), octet(0)}), Transport::tcp, 443};
    transaction.changes.push_back(
        {nft::Change::Verb::add, nft::ElementKey::endpoint(nft::SetId::allow, to)});
  }
  return transaction;
}

// The place of the oldest may be written while it is read.
TEST(TableChanges, AllButOneOfTheirPlacesAreTold) {
  auto all = *TableChanges::make();
  const auto mark = all.mark();
  all.note(changes(limits::kChangesRemembered - 1));
  ASSERT_TRUE(all.since(mark));
  EXPECT_EQ(all.since(mark)->size(), limits::kChangesRemembered - 1);
  all.note(changes(1));
  EXPECT_FALSE(all.since(mark)) << "one more";
  EXPECT_TRUE(all.since(all.mark())->empty());
}

TEST(TableChanges, MoreAtOnceThanThereArePlacesIsEverything) {
  auto all = *TableChanges::make();
  auto mark = all.mark();
  all.note(changes(limits::kChangesRemembered + 1));
  EXPECT_FALSE(all.since(mark));
  mark = all.mark();
  all.note({nft::Base{}, {}});
  EXPECT_FALSE(all.since(mark));
}

}  // namespace
}  // namespace egress::daemon
