#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "adapters/host/addresses.hpp"
#include "unit/adapters/private_network.hpp"

namespace egress::host {
namespace {

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

// Adds (RTM_NEWADDR) or removes (RTM_DELADDR) an address of lo; true when the kernel did it.
bool change_address(std::uint16_t type, const IpAddress& address) {
  struct {
    nlmsghdr header{};
    ifaddrmsg message{};
    rtattr attribute{};
    std::array<std::uint8_t, 16> value{};
  } request;
  const auto octets = address.octets();
  request.header.nlmsg_len = static_cast<std::uint32_t>(sizeof request - 16 + octets.size());
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
  request.message.ifa_family = address.is_v4() ? AF_INET : AF_INET6;
  request.message.ifa_prefixlen = static_cast<std::uint8_t>(octets.size() * 8);
  request.message.ifa_index = if_nametoindex("lo");
  request.attribute.rta_type = IFA_LOCAL;
  request.attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(octets.size()));
  std::copy(octets.begin(), octets.end(), request.value.begin());
  const FileDescriptor route(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  send(route.get(), &request, request.header.nlmsg_len, 0);
  struct {
    nlmsghdr header{};
    nlmsgerr error{};
    std::array<char, 256> rest{};
  } reply;
  recv(route.get(), &reply, sizeof reply, 0);
  return reply.header.nlmsg_type == NLMSG_ERROR && reply.error.error == 0;
}

class OwnAddressesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::enter_private_network(); }
  static bool is_readable(const AddressWatch& watch) {
    pollfd fd{watch.fd(), POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
  }
};

TEST_F(OwnAddressesTest, AllOfBothFamilies) {
  EXPECT_EQ(own_addresses().value(), (std::set{ip("127.0.0.1"), ip("::1")}));
  for (const auto* address : {"192.0.2.1", "2001:db8::1"}) {
    ASSERT_TRUE(change_address(RTM_NEWADDR, ip(address)));
    EXPECT_TRUE(own_addresses().value().contains(ip(address)));
    ASSERT_TRUE(change_address(RTM_DELADDR, ip(address)));
  }
}

TEST_F(OwnAddressesTest, ChangesAreSeen) {
  auto watch = AddressWatch::open().value();
  EXPECT_EQ(watch.addresses(), own_addresses().value());
  for (const auto* address : {"192.0.2.1", "2001:db8::1"}) {
    ASSERT_TRUE(change_address(RTM_NEWADDR, ip(address)));
    ASSERT_TRUE(is_readable(watch));
    EXPECT_TRUE(watch.dispatch().value());
    EXPECT_TRUE(watch.addresses().contains(ip(address)));
    ASSERT_TRUE(change_address(RTM_DELADDR, ip(address)));
    ASSERT_TRUE(is_readable(watch));
    EXPECT_TRUE(watch.dispatch().value());
    EXPECT_FALSE(watch.addresses().contains(ip(address)));
  }
}

TEST_F(OwnAddressesTest, ComingAndGoingBetweenTwoLooksIsNoChange) {
  auto watch = AddressWatch::open().value();
  ASSERT_TRUE(change_address(RTM_NEWADDR, ip("192.0.2.1")));
  ASSERT_TRUE(change_address(RTM_DELADDR, ip("192.0.2.1")));
  EXPECT_FALSE(watch.dispatch().value());
}

// More notices than the socket's buffer holds: some are lost, the outcome is right all the same.
TEST_F(OwnAddressesTest, LostNoticesDoNotMatter) {
  auto watch = AddressWatch::open().value();
  const int smallest = 1;
  setsockopt(watch.fd(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(change_address(RTM_NEWADDR, ip("192.0.2.1")));
    ASSERT_TRUE(change_address(RTM_DELADDR, ip("192.0.2.1")));
  }
  ASSERT_TRUE(change_address(RTM_NEWADDR, ip("192.0.2.7")));
  EXPECT_TRUE(watch.dispatch().value());
  EXPECT_TRUE(watch.addresses().contains(ip("192.0.2.7")));
  EXPECT_FALSE(is_readable(watch)) << "nothing may be left to wake us again";
  ASSERT_TRUE(change_address(RTM_DELADDR, ip("192.0.2.7")));
}

}  // namespace
}  // namespace egress::host
