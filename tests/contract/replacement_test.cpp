// A table takes the place of the one that stands: what is allowed by both is never refused in
// between, and nothing of the old one is left, whatever it was.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <map>
#include <regex>

#include "contract/guarded.hpp"
#include "contract/packet.hpp"
#include "support/probe.hpp"

namespace egress::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

nft::ElementKey box(const char* first, const char* last) {
  return {nft::SetId::nets,
          *IpAddress::parse(first),
          *IpAddress::parse(last),
          Transport::udp,
          {443, 443}};
}

nft::Change add(const nft::ElementKey& key, milliseconds lifetime = 0ms) {
  return {nft::Change::Verb::add, key, lifetime};
}

nft::Base base(bool allows_dhcp) {
  nft::Base base;
  base.allows_dhcp = allows_dhcp;
  return base;
}

// Its sets, counters and chains are others.
nft::Base guarded_base() {
  nft::Base base = guarded({"br-*"});
  base.most_flows = 1 << 20;
  return base;
}

class Replacement : public Packet {
 protected:
  std::vector<nft::ElementKey> keys() {
    std::vector<nft::ElementKey> all;
    const auto snapshot = kernel_->read({});
    for (const nft::LiveElement& element : snapshot->elements) all.push_back(element.key);
    return all;
  }
  std::vector<std::string> deviations(const nft::Base& expected = {}) {
    return kernel_->read(expected)->deviations;
  }
  // The handle of each, by its name.
  std::map<std::string, std::string> base_chains() {
    const std::string text = host_.run("nft -a list table inet egressd");
    static const std::regex kBase("chain (\\S+) \\{ # handle (\\d+)\n\\s*type ");
    std::map<std::string, std::string> handles;
    for (std::sregex_iterator at(text.begin(), text.end(), kBase), end; at != end; ++at)
      handles.emplace((*at)[1], (*at)[2]);
    return handles;
  }
  void nft(const std::string& command) { host_.run("nft '" + command + "'"); }
};

// One datagram each to ever new destinations, so that each is judged, until `is_over`; how many,
// and how many were refused.
struct Sent {
  std::uint32_t all = 0, refused = 0;
};
Sent send_on(const std::string& netns, std::uint8_t network, const std::atomic<bool>& is_over) {
  return in_namespace(netns, [&] {
    Sent sent;
    const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in target{
        .sin_family = AF_INET, .sin_port = htons(443), .sin_addr = {}, .sin_zero = {}};
    while (!is_over) {
      target.sin_addr.s_addr = htonl(std::uint32_t{network} << 24 | (++sent.all & 0xffffff));
      if (sendto(socket_fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&target), sizeof target) !=
          1)
        ++sent.refused;
    }
    close(socket_fd);
    return sent;
  });
}

struct Pair {
  const char* name;
  nft::Base one, other;
};
void PrintTo(const Pair& pair, std::ostream* out) {
  *out << pair.name;
}

class ReplacementOf : public Replacement, public testing::WithParamInterface<Pair> {};

TEST_P(ReplacementOf, RefusesNothingThatBothTablesAllow) {
  // So many flows may be more than the host can track.
  host_.run(
      "nft add table ip raw; nft 'add chain ip raw out { type filter hook output priority raw; };'"
      " 'add rule ip raw out udp dport 443 notrack'");
  const std::vector<nft::Change> allowed{add(box("203.0.0.0", "203.255.255.255"))};
  const auto& [name, one, other] = GetParam();
  install(one, allowed);
  std::atomic<bool> is_over = false;
  auto to_allowed = std::async(std::launch::async, send_on, host_.name(), 203, std::cref(is_over));
  auto to_others = std::async(std::launch::async, send_on, host_.name(), 204, std::cref(is_over));
  for (int i = 0; i < 500; ++i) install(i % 2 == 0 ? other : one, allowed);
  is_over = true;
  const Sent sent = to_allowed.get();
  const Sent others = to_others.get();
  EXPECT_GT(sent.all, 10'000U) << "positive control";
  EXPECT_EQ(sent.refused, 0U) << "of " << sent.all;
  EXPECT_GT(others.all, 1'000U) << "positive control";
  EXPECT_EQ(others.refused, others.all);
}

const Pair kPairs[] = {{"OtherRules", base(true), base(false)},
                       {"OtherSets", base(true), guarded_base()}};
INSTANTIATE_TEST_SUITE_P(Each, ReplacementOf, testing::ValuesIn(kPairs),
                         [](const auto& of) { return of.param.name; });

// Linux asks for each base chain by itself which of two generations it is: a packet that meets a
// new one while it is empty yet, and then the old one when it is empty already, passes both.
TEST_F(Replacement, KeepsTheBaseChains) {
  install(base(false), {});
  const auto before = base_chains();
  EXPECT_GE(before.size(), 3U);
  install(base(true), {});
  EXPECT_EQ(base_chains(), before);
  install(guarded_base(), {});
  const auto guarded = base_chains();
  EXPECT_GT(guarded.size(), before.size());
  for (const auto& chain : before) EXPECT_THAT(guarded, testing::Contains(chain));
  install(base(true), {});
  EXPECT_EQ(base_chains(), before);
  EXPECT_THAT(deviations(), IsEmpty());
}

TEST_F(Replacement, OtherSetsAndCountersComeAndGo) {
  const auto kept = box("10.0.0.0", "10.0.0.255");
  install(base(true), {add(kept)});
  const auto parts = [this] {
    return host_.run("nft list table inet egressd | grep -E '^\\s(set|counter) '");
  };
  const std::string before = parts();
  install(guarded_base(), {add(kept)});
  EXPECT_THAT(deviations(guarded_base()), IsEmpty());
  EXPECT_NE(parts(), before) << "positive control";
  install(base(true), {add(kept)});
  EXPECT_THAT(deviations(), IsEmpty());
  EXPECT_EQ(parts(), before);
  EXPECT_THAT(keys(), ElementsAre(kept));
}

TEST_F(Replacement, IntervalsStayChangeAndGo) {
  const auto stays = box("10.0.0.0", "10.0.0.255");
  const auto wide = box("10.1.0.0", "10.1.255.255");
  const auto timed = box("2001:db8::", "2001:db8::ff");
  install({}, {add(stays), add(wide), add(timed, 1min)});
  const auto narrow = box("10.1.0.0", "10.1.0.255");
  install(base(false), {add(stays, 1h), add(narrow), add(timed)});
  install({}, {add(stays, 1h), add(narrow), add(timed)});
  EXPECT_THAT(keys(), ElementsAre(stays, narrow, timed));
  const auto elements = kernel_->read({})->elements;
  EXPECT_GT(elements[0].expires, 59min);
  EXPECT_EQ(elements[1].expires, 0ms);
  EXPECT_EQ(elements[2].expires, 0ms);
  EXPECT_THAT(deviations(), IsEmpty());
}

TEST_F(Replacement, NothingOfAForeignHandIsLeft) {
  for (const char* command :
       {"insert rule inet egressd output accept",
        "add chain inet egressd mine { type filter hook output priority -5; }",
        "add element inet egressd nets4 { 198.51.100.0-198.51.100.9 . tcp . 1-9 }",
        "add element inet egressd allow4 { 198.51.100.1 . tcp . 443 timeout 1h }",
        "add element inet egressd resolvers6 { 2001:db8::66 . udp . 53 }",
        "add set inet egressd mine { type ipv4_addr; }", "add counter inet egressd mine",
        "add map inet egressd mine { type ipv4_addr : verdict; }",
        "add flowtable inet egressd mine { hook ingress priority 0; devices = { eth0 }; }",
        "delete chain inet egressd output", "add table inet egressd { flags dormant; }",
        "flush table inet egressd", "flush ruleset"}) {
    const auto kept = box("10.0.0.0", "10.0.0.255");
    install({}, {add(kept)});
    ASSERT_THAT(deviations(), IsEmpty());
    host_.run(std::string("nft '") + command + "' || nft 'flush chain inet egressd output'");
    ASSERT_TRUE(!deviations().empty() || keys() != std::vector{kept})
        << "positive control: " << command;
    install({}, {add(kept)});
    EXPECT_THAT(deviations(), IsEmpty()) << command;
    EXPECT_THAT(keys(), ElementsAre(kept)) << command;
    EXPECT_EQ(udp_probe(host_.name(), kOthers[0], 443), Seen::refused) << command;
  }
}

}  // namespace
}  // namespace egress::test
