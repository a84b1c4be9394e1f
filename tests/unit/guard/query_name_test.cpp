#include <gtest/gtest.h>

#include "guard/names.hpp"
#include "support/dns_octets.hpp"

namespace egress::guard {
namespace {

using namespace test;

Query query_for(const Octets& wire_name) {
  return std::get<Query>(read_query(header(0x0100) + wire_name + u16(1) + u16(1)));
}

struct Case {
  Octets wire;
  const char* text;
};

const Case kCases[] = {
    {name(""), "."},
    {name("com"), "com"},
    {name("wWw.EXAMPLE.Com"), "www.example.com"},
    {name("_dns-sd._udp.0-9.example"), "_dns-sd._udp.0-9.example"},
    {label("a.b") + name("example"), "a\\046b.example"},
    {label("a\\b") + name("example"), "a\\092b.example"},
    {label("*") + name("example"), "\\042.example"},
    {label(" @\"") + name("example"), "\\032\\064\\034.example"},
    {label("b\xC3\xBC"
           "cher") +
         name("example"),
     "b\\195\\188cher.example"},
    {Octets{3, 0, 127, 255} + name("example"), "\\000\\127\\255.example"},
    {Octets{2, '[', '`'} + name("{"), "\\091\\096.\\123"},  // the neighbours of the letters
    {Octets{2, '/', ':'} + name(""), "\\047\\058"},         // and of the digits
};

TEST(QueryName, IsReadAsRfc1035WritesIt) {
  for (const Case& c : kCases) EXPECT_EQ(query_for(c.wire).name(), c.text);
}

Octets lower(Octets name) {
  for (auto& octet : name)
    if ('A' <= octet && octet <= 'Z') octet = static_cast<std::uint8_t>(octet + 32);
  return name;
}

Octets parsed(std::string_view text) {
  WireName name;
  if (!name.assign(text)) return {};
  return {name.octets().begin(), name.octets().end()};
}

TEST(QueryName, ReadsBackAsTheSameName) {
  for (const Case& c : kCases) EXPECT_EQ(parsed(c.text), lower(c.wire)) << c.text;
}

TEST(WireName, TakesEveryEscapeAndATrailingDot) {
  EXPECT_EQ(parsed("www.example.com."), name("www.example.com"));
  EXPECT_EQ(parsed("WWW.example"), name("WWW.example"));
  EXPECT_EQ(parsed("a\\.b.example"), label("a.b") + name("example"));
  EXPECT_EQ(parsed("\\\\\\\"\\;\\@.x"), label("\\\";@") + name("x"));
  EXPECT_EQ(parsed("x\\."), label("x.") + Octets{0});
  EXPECT_EQ(parsed("\\000\\255.x"), (Octets{2, 0, 255} + name("x")));
  EXPECT_EQ(parsed("\\0651"), label("A1") + Octets{0});
  EXPECT_EQ(parsed("a b"), label("a b") + Octets{0});
}

TEST(WireName, RefusesWhatIsNoName) {
  for (const char* text : {"", "..", ".a", "a..b", "a..", "\\", "a\\", "\\1", "\\12", "\\1a2",
                           "\\12a", "\\256", "\\999", "a.\\25"})
    EXPECT_EQ(parsed(text), Octets{}) << text;
}

TEST(WireName, LabelsHaveAtMost63Octets) {
  const std::string longest(63, 'x');
  EXPECT_EQ(parsed(longest + ".example"), name(longest + ".example"));
  EXPECT_EQ(parsed(longest + "x.example"), Octets{});
  std::string escaped;
  for (int i = 0; i < 63; ++i) escaped += "\\255";
  EXPECT_EQ(parsed(escaped).size(), 65u);
  EXPECT_EQ(parsed(escaped + "x"), Octets{});
}

TEST(WireName, NamesHaveAtMost255Octets) {
  EXPECT_EQ(parsed(name_of(255)), name(name_of(255)));
  EXPECT_EQ(parsed(name_of(255) + "."), name(name_of(255)));
  EXPECT_EQ(parsed(name_of(256)), Octets{});
  EXPECT_EQ(parsed(name_of(300)), Octets{});
}

}  // namespace
}  // namespace egress::guard
