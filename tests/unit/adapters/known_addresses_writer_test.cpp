#include "adapters/state/known_addresses_writer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "adapters/state/known_addresses.hpp"
#include "egress/core/time_text.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::state {
namespace {

constexpr WallTime kNow{seconds{1'700'000'000}};

std::vector<dns::KnownAddress> numbered(int count) {
  std::vector<dns::KnownAddress> known;
  for (int i = count; i > 0; --i)
    known.push_back({*DnsName::parse("n" + std::to_string(1000 + i) + ".example.com"),
                     *IpAddress::parse("192.0.2.1"), kNow + seconds(60)});
  return known;
}

class KnownAddressesWriterTest : public testing::Test {
 protected:
  std::vector<dns::KnownAddress> on_disk() const {
    return read_known_addresses(path_, kNow).value();
  }
  test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "known-addresses";
};

TEST_F(KnownAddressesWriterTest, WritesInTheBackgroundSorted) {
  KnownAddressesWriter writer(path_);
  writer.write(dns::KnownAddressPack(numbered(500)));
  writer.finish();
  const auto known = on_disk();
  EXPECT_EQ(known.size(), 500u);
  EXPECT_TRUE(std::ranges::is_sorted(known));
  EXPECT_FALSE(writer.take_error());
}

TEST_F(KnownAddressesWriterTest, TheLatestIsWhatStaysHoweverManyWait) {
  KnownAddressesWriter writer(path_);
  for (int i = 1; i <= 100; ++i) writer.write(dns::KnownAddressPack(numbered(i)));
  writer.finish();
  EXPECT_EQ(on_disk().size(), 100u);
}

TEST_F(KnownAddressesWriterTest, WritesWhatIsLeftWhenItEnds) {
  { KnownAddressesWriter(path_).write(dns::KnownAddressPack(numbered(7))); }
  EXPECT_EQ(on_disk().size(), 7u);
}

TEST_F(KnownAddressesWriterTest, TellsAFailureOnceAndGoesOn) {
  const std::string nowhere = folder_ / "missing/known-addresses";
  KnownAddressesWriter writer(nowhere);
  writer.write(dns::KnownAddressPack(numbered(1)));
  writer.finish();
  EXPECT_TRUE(writer.take_error());
  EXPECT_FALSE(writer.take_error());
  ::mkdir((folder_ / "missing").c_str(), 0700);
  writer.write(dns::KnownAddressPack(numbered(1)));
  writer.finish();
  EXPECT_FALSE(writer.take_error());
}

}  // namespace
}  // namespace egress::state
