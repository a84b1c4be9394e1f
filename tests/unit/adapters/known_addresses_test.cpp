#include "adapters/state/known_addresses.hpp"

#include <gtest/gtest.h>

#include "adapters/state/files.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/time_text.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::state {
namespace {

WallTime at(std::string_view text) {
  return parse_wall_time(text).value();
}

dns::KnownAddress known(std::string_view name, std::string_view address, std::string_view expires) {
  return {*DnsName::parse(name), *IpAddress::parse(address), at(expires)};
}

const std::vector kTwo{known("api.example.com", "192.0.2.1", "2026-01-31T23:59:59Z"),
                       known("api.example.com", "2001:db8::1", "2026-02-01T00:00:00Z")};

TEST(KnownAddresses, AreWrittenForPeople) {
  EXPECT_EQ(print_known_addresses(kTwo),
            "egressd known addresses, version 1\n"
            "api.example.com 192.0.2.1 2026-01-31T23:59:59Z\n"
            "api.example.com 2001:db8::1 2026-02-01T00:00:00Z\n"
            "checksum 1f21a546\n");
}

TEST(KnownAddresses, ComeBack) {
  EXPECT_EQ(parse_known_addresses(print_known_addresses(kTwo)).value(), kTwo);
  EXPECT_TRUE(parse_known_addresses(print_known_addresses({})).value().empty());
}

TEST(KnownAddresses, AnyChangedByteIsNoticed) {
  const auto good = print_known_addresses(kTwo);
  ASSERT_TRUE(parse_known_addresses(good));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int value = 0; value < 256; ++value) {
      auto damaged = good;
      damaged[i] = static_cast<char>(value);
      EXPECT_EQ(parse_known_addresses(damaged).has_value(), damaged == good) << i << ' ' << value;
    }
}

TEST(KnownAddresses, AnyMissingOrAddedByteIsNoticed) {
  const auto good = print_known_addresses(kTwo);
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(parse_known_addresses(good.substr(0, i))) << i;
    EXPECT_FALSE(parse_known_addresses(good.substr(i + 1))) << i;
    EXPECT_FALSE(parse_known_addresses(good.substr(0, i) + "0" + good.substr(i))) << i;
  }
  EXPECT_FALSE(parse_known_addresses(good + "\n"));
  EXPECT_FALSE(parse_known_addresses(good + good));
}

TEST(KnownAddresses, ATotalStrangerIsRefused) {
  EXPECT_FALSE(parse_known_addresses(""));
  EXPECT_FALSE(parse_known_addresses(std::string(1000, '\0')));
  EXPECT_EQ(parse_known_addresses("egressd known addresses, version 2\n").error().message,
            "a version that this egressd does not know");
}

// What is under a right checksum must still parse.
TEST(KnownAddresses, ARightChecksumDoesNotExcuseNonsense) {
  const auto printed = print_known_addresses(
      {{DnsName(), *IpAddress::parse("192.0.2.1"), at("2026-01-31T23:59:59Z")}});
  const auto refused = parse_known_addresses(printed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "not NAME ADDRESS TIME: \" 192.0.2.1 2026-01-31T23:59:59Z\"");
}

// Nor what this egressd reads but would write otherwise.
TEST(KnownAddresses, ARightChecksumDoesNotExcuseAnotherForm) {
  for (const std::string lines :
       {"API.example.com. 192.0.2.1 2026-01-31T23:59:59Z\nchecksum 552e1696\n",
        "api.example.com 2001:DB8:0::1 2026-01-31T23:59:59Z\nchecksum 14f11258\n"}) {
    const auto refused = parse_known_addresses("egressd known addresses, version 1\n" + lines);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.starts_with("not NAME ADDRESS TIME"))
        << refused.error().message;
  }
}

class KnownAddressesFile : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "known-addresses";
};

TEST_F(KnownAddressesFile, ThoseWhoseTimeIsOverAreLeftOut) {
  ASSERT_TRUE(write_known_addresses(path_, kTwo));
  EXPECT_EQ(read_known_addresses(path_, at("2026-01-31T23:59:58Z")).value(), kTwo);
  EXPECT_EQ(read_known_addresses(path_, at("2026-01-31T23:59:59Z")).value(),
            std::vector{kTwo.back()});
  EXPECT_TRUE(read_known_addresses(path_, at("2026-02-01T00:00:00Z")).value().empty());
}

TEST_F(KnownAddressesFile, NoFileIsNoAddress) {
  EXPECT_TRUE(read_known_addresses(path_, WallTime()).value().empty());
}

TEST_F(KnownAddressesFile, DamageIsAnErrorThatNamesTheFile) {
  folder_.write("known-addresses", "half a li");
  const auto refused = read_known_addresses(path_, WallTime());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(path_), std::string::npos);
  ASSERT_TRUE(set_aside(path_));
  EXPECT_TRUE(read_known_addresses(path_, WallTime()).value().empty());
}

TEST_F(KnownAddressesFile, ALinkIsRefused) {
  ASSERT_TRUE(write_known_addresses(folder_ / "elsewhere", kTwo));
  ASSERT_EQ(symlink("elsewhere", path_.c_str()), 0);
  EXPECT_FALSE(read_known_addresses(path_, WallTime()));
}

TEST_F(KnownAddressesFile, SizeHasALimitBothWays) {
  folder_.write("known-addresses", std::string(limits::kKnownAddressesBytes + 1, 'x'));
  EXPECT_FALSE(read_known_addresses(path_, WallTime()));
  const auto longest = *DnsName::parse(std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                       std::string(63, 'c') + "." + std::string(60, 'd'));
  const std::vector many(70'000, dns::KnownAddress{longest, kTwo[0].address, kTwo[0].expires});
  const auto written = write_known_addresses(folder_ / "many", many);
  ASSERT_FALSE(written) << "not all has room, and somebody must know";
  const auto back = read_known_addresses(folder_ / "many", WallTime());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_GT(back->size(), 50'000U) << "what has room is kept";
}

// Names below a wildcard, however many and long, take no room from those that the policy names.
TEST_F(KnownAddressesFile, NamesThatAreWrittenOutComeFirst) {
  const auto longest = *DnsName::parse(std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                                       std::string(63, 'c') + "." + std::string(60, 'd'));
  std::vector many(70'000, dns::KnownAddress{longest, kTwo[0].address, kTwo[0].expires, true});
  many.push_back(known("zz.example.com", "192.0.2.9", "2026-01-31T23:59:59Z"));
  ASSERT_TRUE(write_known_addresses(path_, many));
  const auto back = read_known_addresses(path_, WallTime());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->front(), many.back());
  EXPECT_GT(back->size(), 50'000U);
  EXPECT_LT(back->size(), many.size());
}

}  // namespace
}  // namespace egress::state
