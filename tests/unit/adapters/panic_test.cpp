#include "adapters/state/panic.hpp"

#include <gtest/gtest.h>

#include "unit/adapters/temporary_folder.hpp"

namespace egress::state {
namespace {

class PanicFile : public testing::Test {
 protected:
  test::TemporaryFolder folder;
  std::string path = folder / "panic";
};

TEST_F(PanicFile, SaysWhatWasWritten) {
  const WallTime until{seconds(1'800'000'000)};
  for (const Panic& panic : {Panic{}, Panic{until}}) {
    ASSERT_TRUE(write_panic(path, panic));
    EXPECT_EQ(read_panic(path).value(), panic);
  }
  EXPECT_EQ(folder.read("panic"), "panic until 2027-01-15T08:00:00Z\n");
  ASSERT_TRUE(forget_panic(path));
  EXPECT_EQ(read_panic(path).value(), std::nullopt);
  EXPECT_TRUE(forget_panic(path)) << "there is none";
}

TEST_F(PanicFile, AnythingElseIsAnError) {
  for (const std::string& text : {std::string(), std::string("panic"), std::string("panic until\n"),
                                  std::string("panic until soon\n"), std::string("open\n"),
                                  std::string(1000, 'x'), std::string("panic\0\n", 7)}) {
    folder.write("panic", text);
    EXPECT_FALSE(read_panic(path)) << text;
  }
}

}  // namespace
}  // namespace egress::state
