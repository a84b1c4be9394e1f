// A container sends under an address that is not its own: whoever would answer it, the answer does
// not leave, and neither does what it sent.
#include <gmock/gmock.h>
#include <netinet/in.h>

#include "net/sources.hpp"
#include "support/container.hpp"

namespace egress::test {
namespace {

using testing::IsEmpty;

class ContainerSource : public SourcesTest {
 protected:
  ContainerSource() {
    std::set<std::string> own{kHost4, kHost6, "::", link_local(lab.host(), "uplink0")};
    for (const Container* container : {&self, &neighbour, &other}) {
      for (const int family : {AF_INET, AF_INET6}) own.insert(container->address(family));
    }
    watch(lab.net(), "host0", own);
  }

  // Who would answer a container, or pass on what it sends.
  std::vector<Target> targets(int family) const {
    std::vector<Target> all = targets_of_host(family);
    const std::string bridge = self.gateway(family);
    all.push_back({"a program at the bridge", bridge, kApp});
    all.push_back({"a closed port of the bridge", bridge, kClosed});
    all.push_back({"the guard at the bridge", bridge, 53});
    all.push_back({"a container of another bridge", other.address(family), kApp});
    return all;
  }
  // "0", "1" or "2" of ip-sysctl(5).
  void set_reverse_path_filter(const std::string& value) const {
    for (const char* device : {"all", "default", "br-lab", "br-two", "uplink0"})
      lab.on_host(
          {"sysctl", "-qw", std::string("net.ipv4.conf.") + device + ".rp_filter=" + value});
  }
  void expect_control(const Ways& ways) {
    ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  }
  void expect_to_hold(const Ways& ways) {
    ASSERT_NO_FATAL_FAILURE(expect_control(ways));
    const Daemon daemon(lab, policy_of());
    EXPECT_THAT(seen(ways), IsEmpty());
    expect_containers_work();
  }
  void expect_containers_work() {
    for (const int family : {AF_INET, AF_INET6}) {
      const char* allowed = family == AF_INET ? kApi4 : kApi6;
      const char* refused = family == AF_INET ? kOther4 : kOther6;
      EXPECT_EQ(tcp_probe(self.netns(), allowed, kAllowed), Seen::answered);
      EXPECT_EQ(udp_probe(self.netns(), allowed, kAllowed), Seen::answered);
      EXPECT_EQ(tcp_probe(self.netns(), refused, kAllowed), Seen::refused);
      EXPECT_EQ(udp_probe(self.netns(), self.gateway(family), kApp), Seen::answered);
      EXPECT_EQ(udp_probe(self.netns(), neighbour.address(family), kApp), Seen::answered);
      EXPECT_EQ(udp_probe(self.netns(), other.address(family), kApp), Seen::answered);
    }
  }

  const Container self{lab};
  const Container neighbour{lab, {.host = 3}};
  const Container other{lab, {.bridge = "br-two", .net = 21}};
  UdpServer neighbours{neighbour.netns(), kApp, echo()}, others{other.netns(), kApp, echo()};
};

class FilteredSource : public ContainerSource, public testing::WithParamInterface<const char*> {};

// Where the kernel's own filter is strict, it holds these ways by itself.
TEST_P(FilteredSource, ThatIsForeignAndIpv4IsNotAnsweredAndDoesNotLeave) {
  set_reverse_path_filter(GetParam());
  const Ways ways = forged_ways(self.netns(), kEvil4, targets(AF_INET));
  if (GetParam() != std::string("1")) {
    ASSERT_THAT(unseen(ways), IsEmpty()) << "positive control";
  }
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(ways), IsEmpty());
  expect_containers_work();
}
INSTANTIATE_TEST_SUITE_P(ReversePathFilter, FilteredSource, testing::Values("0", "1", "2"),
                         [](const auto& of) { return std::string(of.param); });

TEST_F(ContainerSource, ThatIsForeignAndIpv6IsNotAnsweredAndDoesNotLeave) {
  expect_to_hold(forged_ways(self.netns(), kEvil6, targets(AF_INET6)));
}

// Without any right: the user of a container that has no capability at all.
TEST_F(ContainerSource, OfAnUnprivilegedUserIsHeldAlike) {
  const SocketKind messages{"UDP", Use::messages, {.type = SOCK_DGRAM, .user = 1000}},
      connects{"TCP", Use::connects, {.type = SOCK_STREAM, .user = 1000}};
  // Itself, too: then it is the container's own answers that would leave.
  std::vector<Target> all = targets(AF_INET6);
  all.push_back({"a closed port of its own", self.address(AF_INET6), kClosed});
  all.push_back({"a program of its own", self.address(AF_INET6), kApp});
  UdpServer own(self.netns(), kApp, echo());
  expect_to_hold(socket_ways(self.netns(), kEvil6, messages, all) +
                 socket_ways(self.netns(), kEvil6, connects, all));
}

// What they would say reaches whoever has the address.
TEST_F(ContainerSource, OfTheHostAnotherContainerOrItsNeighboursIsHeld) {
  set_reverse_path_filter("0");
  watch(other.netns(), "eth0");
  Ways ways;
  for (const int family : {AF_INET, AF_INET6}) {
    const bool is_v4 = family == AF_INET;
    const char* allowed = is_v4 ? kApi4 : kApi6;
    const Target past{"what is allowed", allowed, kAllowed};
    const Target answers{"a program of this host", is_v4 ? kHost4 : kHost6, kApp};
    ways = ways + forged_ways(self.netns(), other.address(family), {past, answers});
    ways =
        ways + forged_ways(self.netns(), is_v4 ? "10.77.0.1" : "2001:db8:77::1", {past, answers});
  }
  ways = ways + forged_ways(self.netns(), kHost6, {{"what is allowed", kApi6, kAllowed}});
  expect_to_hold(ways);
}

// The kernel itself holds most of these, so that they have no control.
TEST_F(ContainerSource, ThatNobodyCanHaveIsHeld) {
  set_reverse_path_filter("0");
  Ways ways;
  for (const char* source : {"127.0.0.1", "255.255.255.255", "224.0.0.1", kHost4})
    ways = ways + forged_ways(self.netns(), source, targets(AF_INET));
  for (const char* source : {"::", "::1", "ff02::1", "fe80::1234", "::ffff:142.250.74.46", kHost6})
    ways = ways + forged_ways(self.netns(), source, targets(AF_INET6));
  const Daemon daemon(lab, policy_of());
  EXPECT_THAT(seen(ways), IsEmpty());
}

}  // namespace
}  // namespace egress::test
