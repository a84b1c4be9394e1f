#include "egress/core/nearest.hpp"

#include <gtest/gtest.h>

namespace egress {
namespace {

const std::vector<std::string> kWords{"allow", "forward", "limits", "mode", "resolvers"};

TEST(Nearest, FindsSlipsOfTheFingers) {
  EXPECT_EQ(nearest("alow", kWords), "allow");
  EXPECT_EQ(nearest("mdoe", kWords), "mode");
  EXPECT_EQ(nearest("limit", kWords), "limits");
  EXPECT_EQ(nearest("resolver", kWords), "resolvers");
}

TEST(Nearest, LeavesStrangersAlone) {
  EXPECT_EQ(nearest("zebra", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest("mode", {}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), kWords), "");
}

TEST(Suggestion, NamesTheNearestOrAll) {
  EXPECT_EQ(suggestion("alow", kWords), "; did you mean \"allow\"?");
  EXPECT_EQ(suggestion("zebra", {"a", "b"}), "; accepted: a, b");
  EXPECT_EQ(suggestion("zebra", {}), "");
}

}  // namespace
}  // namespace egress
