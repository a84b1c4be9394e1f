#include "adapters/resolvconf/resolv_conf.hpp"

#include <gtest/gtest.h>

#include "egress/core/limits.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::resolvconf {
namespace {

std::vector<policy::ResolverAddress> at(std::initializer_list<std::string_view> addresses) {
  std::vector<policy::ResolverAddress> resolvers;
  for (const auto address : addresses) resolvers.push_back({*IpAddress::parse(address)});
  return resolvers;
}

TEST(ResolvConf, NameserversInOrderOnce) {
  const auto found = parse_resolv_conf(
      "# made by hand\n; also a comment\n"
      "search corp.example\n"
      "nameserver 192.0.2.53\n"
      "  nameserver\t2001:db8::53  # the second\r\n"
      "nameserver 192.0.2.53\n"
      "options edns0\n"
      "nameserver 198.51.100.53");
  EXPECT_EQ(found.resolvers, at({"192.0.2.53", "2001:db8::53", "198.51.100.53"}));
  EXPECT_EQ(found.problem, "");
  EXPECT_EQ(found.resolvers.front().port, 53);
}

TEST(ResolvConf, NothingIsFoundInNothing) {
  for (const auto* text : {"", "\n\n", "search example\n", "#nameserver 192.0.2.1\n",
                           "nameservers 192.0.2.1\n", "nameserver192.0.2.1\n"})
    EXPECT_TRUE(parse_resolv_conf(text).resolvers.empty()) << text;
}

TEST(ResolvConf, WhatIsNoAddressIsLeftOutAndTold) {
  for (const auto* word : {"", "localhost", "192.0.2", "fe80::1", "2001:db8::1%eth0", "fe80::1%",
                           "192.0.2.1:53", "\x1B[31m"}) {
    const auto found =
        parse_resolv_conf("nameserver " + std::string(word) + "\nnameserver 192.0.2.1\n");
    EXPECT_EQ(found.resolvers, at({"192.0.2.1"})) << word;
    EXPECT_NE(found.problem, "") << word;
    EXPECT_EQ(found.problem.find('\x1B'), std::string::npos);
  }
}

TEST(ResolvConf, ALinkLocalNameserverHasItsLink) {
  const auto found = parse_resolv_conf("nameserver fe80::1%eth0\nnameserver fe80::1%eth1\n");
  ASSERT_EQ(found.resolvers.size(), 2U) << found.problem;
  EXPECT_EQ(found.resolvers.front().text(), "fe80::1%eth0");
  EXPECT_EQ(found.resolvers.back().text(), "fe80::1%eth1");
}

TEST(ResolvConf, NumberHasALimit) {
  std::string text;
  for (std::size_t i = 1; i <= limits::kResolvers; ++i)
    text += "nameserver 192.0.2." + std::to_string(i) + "\n";
  EXPECT_EQ(parse_resolv_conf(text).resolvers.size(), limits::kResolvers);
  EXPECT_EQ(parse_resolv_conf(text).problem, "");
  const auto found = parse_resolv_conf(text + "nameserver 192.0.2.99\n");
  EXPECT_EQ(found.resolvers.size(), limits::kResolvers);
  EXPECT_NE(found.problem.find("more than 8"), std::string::npos);
}

class SystemResolversTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  Paths paths_{folder_ / "resolv.conf", folder_ / "upstreams"};
  SystemResolvers read() { return read_system_resolvers(paths_); }
};

TEST_F(SystemResolversTest, ThoseOfResolvConf) {
  folder_.write("resolv.conf", "nameserver 192.0.2.53\n");
  folder_.write("upstreams", "nameserver 198.51.100.53\n");
  EXPECT_EQ(read(), (SystemResolvers{at({"192.0.2.53"}), paths_.resolv_conf, ""}));
}

TEST_F(SystemResolversTest, AStubMeansItsUpstreams) {
  for (const auto* stub : {"127.0.0.53", "127.0.0.1", "::1", "0.0.0.0"}) {
    folder_.write("resolv.conf", "nameserver " + std::string(stub) + "\n");
    folder_.write("upstreams", "nameserver 198.51.100.53\n");
    EXPECT_EQ(read(), (SystemResolvers{at({"198.51.100.53"}), paths_.upstreams, ""})) << stub;
  }
}

TEST_F(SystemResolversTest, AStubBesideARealOneIsKept) {
  folder_.write("resolv.conf", "nameserver 127.0.0.53\nnameserver 192.0.2.53\n");
  folder_.write("upstreams", "nameserver 198.51.100.53\n");
  EXPECT_EQ(read().resolvers, at({"127.0.0.53", "192.0.2.53"}));
}

TEST_F(SystemResolversTest, AStubWithoutKnownUpstreamsIsAProblem) {
  folder_.write("resolv.conf", "nameserver 127.0.0.1\n");
  EXPECT_EQ(read().resolvers, at({"127.0.0.1"}));
  EXPECT_NE(read().problem.find("`resolvers`"), std::string::npos);
  folder_.write("upstreams", "nameserver 127.0.0.53\n");
  EXPECT_EQ(read().source, paths_.resolv_conf);
  EXPECT_NE(read().problem, "");
}

TEST_F(SystemResolversTest, AMissingOrEmptyFileIsAProblem) {
  EXPECT_EQ(read(),
            (SystemResolvers{{}, paths_.resolv_conf, paths_.resolv_conf + " does not exist"}));
  folder_.write("resolv.conf", "search example\n");
  EXPECT_EQ(read().problem, paths_.resolv_conf + " names no nameserver");
  folder_.write("resolv.conf", std::string(limits::kResolvConfBytes + 1, '\n'));
  EXPECT_NE(read().problem.find("larger"), std::string::npos);
}

}  // namespace
}  // namespace egress::resolvconf
