#include "egress/dns/service_name.hpp"

#include <gtest/gtest.h>

namespace egress::dns {
namespace {

std::optional<ServiceName> parse(std::string_view text) {
  return parse_service_name(*DnsName::parse(text));
}

TEST(ServiceNameTest, HoldsServiceTransportAndHost) {
  const auto mongodb = parse("_mongodb._tcp.cluster0.example.net");
  ASSERT_TRUE(mongodb);
  EXPECT_EQ(mongodb->host.text(), "cluster0.example.net");
  EXPECT_EQ(mongodb->transport, Transport::tcp);
  const auto kerberos = parse("_Kerberos-Adm._UDP.corp");
  ASSERT_TRUE(kerberos);
  EXPECT_EQ(kerberos->host.text(), "corp");
  EXPECT_EQ(kerberos->transport, Transport::udp);
  EXPECT_EQ(parse("_ldap._tcp.dc._msdcs.corp.example")->host.text(), "dc._msdcs.corp.example");
}

TEST(ServiceNameTest, AServiceHasUpTo15Characters) {
  EXPECT_TRUE(parse("_abcdefghijklmno._tcp.example.com"));
  EXPECT_FALSE(parse("_abcdefghijklmnop._tcp.example.com"));
}

TEST(ServiceNameTest, NothingElseIsOne) {
  for (const char* name :
       {"example.com", "_ldap.example.com", "_tcp.example.com", "ldap._tcp.example.com",
        "_ldap.tcp.example.com", "_ldap._sctp.example.com", "_tcp._ldap.example.com", "_ldap._tcp",
        "x._ldap._tcp.example.com", "_1234._tcp.example.com", "__ldap._tcp.example.com",
        "_ld_ap._tcp.example.com", "_a--b._tcp.example.com", "_._tcp.example.com",
        "_-a._tcp.example.com", "_ldap._tcpx.example.com"})
    EXPECT_FALSE(parse(name)) << name;
}

}  // namespace
}  // namespace egress::dns
