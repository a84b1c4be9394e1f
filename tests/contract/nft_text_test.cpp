// Our netlink messages and our nft text mean the same: the kernel's table, listed by the nft tool,
// reads as print() says, and the nft tool accepts print() as a file.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "contract/guarded.hpp"
#include "contract/real_kernel.hpp"
#include "egress/nft/layout.hpp"
#include "support/address.hpp"
#include "support/netns.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using nft::SetId;

const Instant kNow{1h};

nft::Ruleset some_ruleset(const nft::Base& base) {
  nft::Ruleset ruleset{.base = base, .elements = {}};
  const auto open = [&](SetId set, const char* address, Transport transport, Port port) {
    return nft::ElementKey::endpoint(set, {*IpAddress::parse(address), transport, port});
  };
  ruleset.elements = {{open(SetId::allow, "192.0.2.1", Transport::tcp, 443), kNow + 1h},
                      {open(SetId::allow, "2001:db8::1", Transport::udp, 123), kNow + 90s},
                      {open(SetId::resolvers, "192.0.2.53", Transport::udp, 53), kNever},
                      {open(SetId::peers, "192.0.2.4", Transport::esp, 0), kNow + 1h},
                      {open(SetId::peers, "2001:db8::4", Transport::icmp6, 0), kNow + 1h},
                      {open(SetId::nets, "192.0.2.5", Transport::ipip, 0), kNever},
                      {open(SetId::nets, "192.0.2.6", Transport::icmp, 0), kNever},
                      {open(SetId::nets, "2001:db8::7", Transport::tcp, 443), kNever},
                      {{.set = SetId::nets,
                        .first = *IpAddress::parse("10.0.0.0"),
                        .last = *IpAddress::parse("10.0.0.77"),
                        .transport = Transport::tcp,
                        .ports = {443, 500}},
                       kNow + 26h},
                      {{.set = SetId::nets,
                        .first = *IpAddress::parse("198.18.0.0"),
                        .last = *IpAddress::parse("198.19.255.255"),
                        .transport = Transport::tcp,
                        .ports = {1, 65535}},
                       kNever}};
  return ruleset;
}

std::vector<nft::Base> bases() {
  nft::Base plain;
  nft::Base audit;
  audit.is_audit = true;
  nft::Base forward;
  forward.allows_dhcp = false;
  forward.forward = {"docker0", "br-*", "cni0"};
  nft::Base lowered;
  lowered.logs_refusals = lowered.counts_destinations = lowered.cuts_flows = false;
  nft::Base guard;
  guard.dns_guard = nft::DnsGuard{.port = 5353, .user = 990};
  nft::Base guard_forward = forward;
  guard_forward.dns_guard = nft::DnsGuard{.port = 53, .user = 65534};
  nft::Base judged = guard_forward;
  judged.inside = {"br-1f", "docker0"};
  judged.uplinks = {"br-lan"};
  judged.tunnels = {"flannel.1", "gre1"};
  judged.routed = {{"docker0", *Prefix::parse("172.20.0.0/14")},
                   {"br-1f", *Prefix::parse("fd20::/64")}};
  judged.inbound = {{6, {22, 22}}, {17, {60000, 61000}}, {1, {}}, {58, {}}};
  nft::Base all_held = guarded({"tap0"});
  all_held.released = {"wg0", "vlan*"};
  all_held.outward = {"br-lan", "eth1", "wg1"};
  all_held.wires = {"br-lan", "eth1"};
  all_held.segments = {"br-lan"};
  all_held.inside = {"docker0"};
  all_held.uplinks = {"eth0"};
  all_held.tunnels = {"flannel.1"};
  all_held.routed = {{"eth1", *Prefix::parse("172.20.0.0/14")}};
  for (nft::Base* base : {&judged, &all_held}) {
    base->addressless = {"cali1", "cali2", "docker0", "tap0"};
    base->guard_v4 = *IpAddress::parse("192.0.2.9");
  }
  nft::Base without_routes = forward;
  without_routes.only_sources = {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("2001:db8::7")};
  nft::Base panic = forward;
  panic.is_panic = true;
  nft::Base lowered_panic = lowered;
  lowered_panic.is_panic = true;
  return {plain,  audit,    forward,        lowered, guard,        guard_forward,
          judged, all_held, without_routes, panic,   lowered_panic};
}

// How later versions of the nft tool list what 1.0.6 lists as we print it. Each loads both.
const std::pair<std::string, std::string> kLater[] = {
    {"tcp flags & (syn | ack) == syn", "tcp flags syn / syn,ack"},
    {"icmp code 4", "icmp code frag-needed"},
    {"hook output priority dstnat", "hook output priority -100"}};

std::string as_earlier(std::string text) {
  for (const auto& [later, ours] : kLater)
    for (auto at = text.find(later); at != std::string::npos; at = text.find(later, at))
      text.replace(at, later.size(), ours);
  return text;
}

// The text without what differs by nature: how lines are broken, and "counter packets 0 bytes 0"
// and "expires 59s" of the elements.
std::string essence(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> kept;
  const auto skip = [&](int count) {
    std::string word;
    while (count-- > 0) words >> word;
    if (word.ends_with(',')) kept.back() += ',';
  };
  for (std::string word; words >> word;) {
    if (word == "expires") {
      skip(1);
    } else if (word == "packets" && kept.back() == "counter") {
      kept.pop_back();
      skip(3);
    } else {
      kept.push_back(word);
    }
  }
  std::string result;
  for (const std::string& word : kept) result += word + ' ';
  return as_earlier(std::move(result));
}

TEST(NftText, TheKernelsTableListsAsWePrintIt) {
  for (const nft::Base& base : bases()) {
    const NetworkNamespace netns;
    const auto kernel = open_shared_kernel(netns);
    const nft::Ruleset ruleset = some_ruleset(base);
    const auto outcome = kernel->commit(nft::install(ruleset, kNow));
    ASSERT_EQ(outcome.status, nft::CommitOutcome::Status::committed) << outcome.message;
    EXPECT_EQ(essence(netns.run("nft list ruleset")), essence(nft::print(ruleset, kNow)));
  }
}

TEST(NftText, TheNftToolLoadsWhatWePrintIntoTheSameTable) {
  for (const nft::Base& base : bases()) {
    const NetworkNamespace netns;
    const auto kernel = open_shared_kernel(netns);
    const nft::Ruleset ruleset = some_ruleset(base);
    const std::string file = testing::TempDir() + netns.name() + ".nft";
    std::ofstream(file) << nft::print(ruleset, kNow);
    netns.run("nft -c -f " + file);
    netns.run("nft -f " + file);
    EXPECT_EQ(essence(netns.run("nft list ruleset")), essence(nft::print(ruleset, kNow)));
    const nft::Snapshot snapshot = kernel->read(base).value();
    ASSERT_EQ(snapshot.elements.size(), ruleset.elements.size());
    auto desired = ruleset.elements.begin();
    for (const nft::LiveElement& element : snapshot.elements) {
      EXPECT_EQ(element.key.text(), (desired++)->first.text());
    }
    std::remove(file.c_str());
  }
}

TEST(NftText, ProbingLeavesNothingBehind) {
  const NetworkNamespace netns;
  const auto kernel = open_kernel(netns);
  EXPECT_EQ(netns.run("nft list ruleset"), "");
}

}  // namespace
}  // namespace egress::test
