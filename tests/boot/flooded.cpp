#include "boot/flooded.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <array>

#include "support/hex.hpp"

namespace egress::test {
namespace {

constexpr unsigned long kManyRounds = 300;  // of eight attempts each
constexpr auto kSlowMachine = 60s;

constexpr std::string_view kPolicy =
    "version: 1\nresolvers: [10.78.0.1]\nallow: [\"api.openai.com:443\", \"203.0.114.7:443\"]\n";

// Neighbour discovery (RFC 4861) and the multicast memberships that it needs (RFC 3810, behind a
// hop-by-hop header).
bool belongs_to_the_link(const SeenPacket& packet) {
  constexpr std::size_t kIpv6Header = 40;
  if (packet.protocol == IPPROTO_HOPOPTS) return true;
  if (packet.protocol != IPPROTO_ICMPV6 || packet.octets.size() <= kIpv6Header) return false;
  const std::uint8_t type = packet.octets[kIpv6Header];
  return type >= 133 && type <= 136;
}

// What the machine's own server at port 22 says.
bool belongs_to_ssh(const SeenPacket& packet) {
  constexpr std::size_t kIpv4Header = 20;
  return packet.protocol == IPPROTO_TCP && packet.destination == kMachineResolver &&
         packet.octets[kIpv4Header] == 0 && packet.octets[kIpv4Header + 1] == 22;
}

// What a host answers to segments and datagrams of nothing that it knows, such as what the far side
// still had for the boot before: a bare reset, or that nobody is at the port. The flood sends
// neither.
bool is_answer_to_strangers(const SeenPacket& packet) {
  constexpr std::size_t kLongHeader = 40, kShortHeader = 20, kFlags = 13;
  constexpr std::uint8_t kReset = 0x04;
  using Kind = std::pair<std::uint8_t, std::uint8_t>;  // type and code
  const bool is_ipv4 = packet.octets.front() >> 4U == 4;
  const std::size_t header = is_ipv4 ? kShortHeader : kLongHeader;
  if (packet.protocol == IPPROTO_TCP) return packet.octets.at(header + kFlags) == kReset;
  const bool is_icmp = packet.protocol == IPPROTO_ICMP || packet.protocol == IPPROTO_ICMPV6;
  return is_icmp && Kind{packet.octets.at(header), packet.octets.at(header + 1)} ==
                        (is_ipv4 ? Kind{ICMP_UNREACH, ICMP_UNREACH_PORT}
                                 : Kind{ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT});
}

bool is_permitted(const SeenPacket& packet) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> addresses) {
    return std::ranges::find(addresses, packet.destination) != addresses.end();
  };
  return belongs_to_the_link(packet) || belongs_to_ssh(packet) || is_answer_to_strangers(packet) ||
         (is_one_of({kMachineResolver}) && packet.port == 53) ||
         (is_one_of({kApi4, kApi6, kLiteral}) && packet.port == 443);
}

}  // namespace

Flooded::Flooded() {
  files.write("etc/egressd/egressd.yaml", kPolicy);
  files.copy(FLOOD_PATH, "usr/bin/flood");
  files.add_unit("flood.service",
                 "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/usr/bin/flood /run/flood " +
                     std::string(kFlooded4) + " " + kFlooded6 + "\n");
}

void Flooded::add_link(const std::string& after) const {
  std::string unit = "[Unit]\nDefaultDependencies=no\nAfter=" + after +
                     "\n[Service]\nType=oneshot\nRemainAfterExit=yes\n";
  for (const char* command :
       {"addr add 10.78.0.2/24 dev host0", "addr add 2001:db8:78::2/64 dev host0 nodad",
        "link set host0 up", "route add default via 10.78.0.1",
        "route add default via 2001:db8:78::1"})
    unit += std::string("ExecStart=/bin/ip ") + command + "\n";
  files.add_unit("link.service", unit);
}

Machine& Flooded::boot(std::vector<std::string> nspawn_options, bool has_product) {
  machine = std::make_unique<Machine>(MachineOptions{.files = files.folder(),
                                                     .far = lab.net(),
                                                     .nspawn = std::move(nspawn_options),
                                                     .has_product = has_product});
  return *machine;
}

// 0: it has not begun.
unsigned long Flooded::rounds() const {
  const Finished read = machine->execute({"cat", "/run/flood"});
  return read.exit_code == 0 && !read.output.empty() ? std::stoul(read.output) : 0;
}

void Flooded::await_attempts() {
  // The kernel notices a carrier up to a second late, and drops what is sent until then.
  ASSERT_TRUE(eventually(
      [&] {
        return machine->shell("ip -brief link show dev host0 | grep -q ' UP '").exit_code == 0;
      },
      kSlowMachine));
  const unsigned long before = rounds();
  ASSERT_TRUE(eventually([&] { return rounds() > before + kManyRounds; }, kSlowMachine));
}

void Flooded::expect_nothing_left(Tap& tap) {
  std::size_t others = 0;
  std::string example;
  for (const SeenPacket& packet : tap.seen()) {
    if (is_permitted(packet)) continue;
    if (others++ == 0)
      example = packet.destination + " protocol " + std::to_string(packet.protocol) + " port " +
                std::to_string(packet.port) + ": " + hex(packet.octets);
  }
  EXPECT_EQ(others, 0U) << example;
}

Seen Flooded::tcp(const std::string& address) const {
  return tcp_probe(machine->netns(), address, 443);
}

bool Flooded::reaches(const std::string& address) const {
  return eventually([&] { return tcp(address) == Seen::answered; }, 30s);
}

const Flooded::Kinds Flooded::kWholeFlood = {
    {4, IPPROTO_TCP, 443}, {4, IPPROTO_UDP, 443}, {4, IPPROTO_UDP, 53}, {4, IPPROTO_ICMP, 0},
    {6, IPPROTO_TCP, 443}, {6, IPPROTO_UDP, 443}, {6, IPPROTO_UDP, 53}, {6, IPPROTO_ICMPV6, 0}};

Flooded::Kinds Flooded::flood_seen(Tap& tap) {
  Kinds kinds;
  for (const SeenPacket& packet : tap.seen()) {
    if (packet.destination == kFlooded4) kinds.insert({4, packet.protocol, packet.port});
    if (packet.destination == kFlooded6) kinds.insert({6, packet.protocol, packet.port});
  }
  return kinds;
}

}  // namespace egress::test
