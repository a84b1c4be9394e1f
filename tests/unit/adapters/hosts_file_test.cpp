#include "adapters/resolvconf/hosts_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "egress/core/limits.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::resolvconf {
namespace {

std::vector<std::string> of(const HostNames& names, std::string_view name) {
  std::vector<std::string> texts;
  const auto at = names.find(*DnsName::parse(name));
  if (at != names.end())
    for (const IpAddress& address : at->second) texts.push_back(address.text());
  return texts;
}

TEST(HostsFile, HasEachNameOfALineAtItsAddress) {
  const auto names = parse_hosts(
      "127.0.0.1\tlocalhost # loopback\n"
      "  198.51.100.77  Mirror.corp.test mirror\n"
      "2001:db8::1 mirror.corp.test\r\n"
      "198.51.100.77 mirror.corp.test\n"
      "fe80::1%eth0 printer\n"
      "#198.51.100.9 gone\n"
      "nonsense other\n"
      "198.51.100.8\n"
      "198.51.100.8 bad..name last");
  EXPECT_EQ(of(names, "mirror.corp.test"),
            (std::vector<std::string>{"198.51.100.77", "2001:db8::1"}));
  EXPECT_EQ(of(names, "mirror"), std::vector<std::string>{"198.51.100.77"});
  EXPECT_EQ(of(names, "printer"), std::vector<std::string>{"fe80::1"});
  EXPECT_EQ(of(names, "last"), std::vector<std::string>{"198.51.100.8"});
  EXPECT_EQ(names.size(), 5U) << "with localhost";
}

TEST(HostsFile, IsReadForTheNamesThatAreWanted) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "hosts";
  std::ofstream(path) << "198.51.100.1 a.example b.example\n198.51.100.2 c.example\n";
  const auto names = read_hosts({*DnsName::parse("b.example"), *DnsName::parse("d.example")}, path);
  EXPECT_EQ(names.size(), 1U);
  EXPECT_EQ(of(names, "b.example"), std::vector<std::string>{"198.51.100.1"});
}

TEST(HostsFile, IsReadUpToItsLimitAndMissedWithoutHarm) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "hosts";
  std::string text = "198.51.100.77 mirror\n";
  text.resize(limits::kHostsBytes, '\n');
  std::ofstream(path) << text;
  EXPECT_EQ(read_hosts(path).size(), 1U);
  std::ofstream(path, std::ios::app) << '\n';
  EXPECT_TRUE(read_hosts(path).empty());
  EXPECT_TRUE(read_hosts(folder / "none").empty());
}

}  // namespace
}  // namespace egress::resolvconf
