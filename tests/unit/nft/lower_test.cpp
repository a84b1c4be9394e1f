#include <gmock/gmock.h>

#include "unit/nft/sample.hpp"

namespace egress::nft {
namespace {

using testing::ElementsAre;
using Say = Command::Verb;

const ElementKey kOne = allow("192.0.2.1");
const ElementKey kTwo = allow("192.0.2.2");
const ElementKey kThree = allow("192.0.2.3");
const std::vector<Change> kChanges{{Change::Verb::add, kOne, 60s},
                                   {Change::Verb::renew, kTwo, 90s},
                                   {Change::Verb::remove, kThree, 0ms}};

TEST(Lower, SaysEachChangeOnceWhereTheKernelCan) {
  EXPECT_THAT(lower(kChanges, {}),
              ElementsAre(Command{Say::destroy, kThree, 0ms}, Command{Say::add, kOne, 60s},
                          Command{Say::add, kTwo, 90s}));
}

TEST(Lower, RenewsByDeletingFirstWhereAddingKeepsTheOldTimeout) {
  const Capabilities capabilities{.updates_timeout = false};
  EXPECT_THAT(lower(kChanges, capabilities),
              ElementsAre(Command{Say::destroy, kTwo, 0ms}, Command{Say::destroy, kThree, 0ms},
                          Command{Say::add, kOne, 60s}, Command{Say::add, kTwo, 90s}));
}

// The element may have expired unseen: deleting an absent one would void the batch.
TEST(Lower, MakesSureOfPresenceWhereDeletionNeedsIt) {
  const Capabilities capabilities{.updates_timeout = false, .destroys = false};
  EXPECT_THAT(lower(kChanges, capabilities),
              ElementsAre(Command{Say::add, kTwo, 0ms}, Command{Say::add, kThree, 0ms},
                          Command{Say::remove, kTwo, 0ms}, Command{Say::remove, kThree, 0ms},
                          Command{Say::add, kOne, 60s}, Command{Say::add, kTwo, 90s}));
}

}  // namespace
}  // namespace egress::nft
