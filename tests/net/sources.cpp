#include "net/sources.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

namespace egress::test {
namespace {

constexpr std::uint16_t kFirstPort = 20'000;
constexpr int kPortsPerRound = 500;
constexpr auto kControlPatience = 3s;
constexpr auto kSettling = 400ms;

void use(BorrowedSocket& socket, Use how, const Target& target, const std::string& text) {
  const bool is_v4 = target.address.find(':') == std::string::npos;
  switch (how) {
    case Use::messages:
      (void)socket.send(target.address, target.port, text);
      return;
    case Use::connected:
      (void)socket.connect(target.address, target.port);
      (void)socket.send_connected(text);
      return;
    case Use::connects:
      (void)socket.connect(target.address, target.port);
      std::this_thread::sleep_for(10ms);  // closed at once it would answer its peer with a reset
      return;
    case Use::pings:
      (void)socket.send(target.address, 0, echo_message(is_v4 ? AF_INET : AF_INET6, text));
      return;
  }
}

std::string in_words(const SeenPacket& packet) {
  std::ostringstream words;
  words << "protocol " << int{packet.protocol} << ", " << packet.source << " to "
        << packet.destination << " port " << packet.port << ", " << packet.octets.size()
        << " octets";
  return words.str();
}

}  // namespace

IpPacket forged(Forged kind, const Ends& ends, const std::string& text) {
  switch (kind) {
    case Forged::udp:
      return forged_udp(ends, text);
    case Forged::echo:
      return forged_echo(ends, text);
    case Forged::syn:
      return forged_tcp(ends, {}, text);
  }
  return {};
}

Ways operator+(Ways all, const Ways& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Ways forged_ways(const std::string& netns, const std::string& source,
                 const std::vector<Target>& targets, std::initializer_list<Forged> kinds) {
  constexpr std::array kNames{"UDP", "echo", "SYN"};
  Ways ways;
  for (const Forged kind : kinds) {
    for (const Target& target : targets) {
      ways.push_back({std::string("forged ") + kNames.at(static_cast<std::size_t>(kind)) +
                          " from " + source + " to " + target.name,
                      [=](const Sign& sign) {
                        const Ends ends{source, target.address, sign.port, target.port};
                        (void)send_forged(netns, forged(kind, ends, sign.text));
                      }});
    }
  }
  return ways;
}

Ways socket_ways(const std::string& netns, const std::string& source, const SocketKind& kind,
                 const std::vector<Target>& targets) {
  Ways ways;
  for (const Target& target : targets) {
    ways.push_back(
        {std::string(kind.name) + " from " + source + " to " + target.name, [=](const Sign& sign) {
           Borrowed how = kind.how;
           how.source = source;
           how.port = sign.port;
           BorrowedSocket socket(netns, how);
           use(socket, kind.use, target, sign.text);
         }});
  }
  return ways;
}

SourcesTest::SourcesTest() {
  // The lab lets any socket bind to any address, which real hosts do not; and answers that the
  // kernel rations would hide what passes.
  lab.on_host({"sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=0", "net.ipv4.icmp_ratelimit=0",
               "net.ipv6.icmp.ratelimit=0", "net.ipv4.icmp_msgs_per_sec=100000"});
}

std::string SourcesTest::policy_of(std::string_view more) {
  const std::string four = std::string(kApi4) + ":443", six = std::string("[") + kApi6 + "]:443";
  return guarded_policy(four + ", \"" + six + "\", udp/" + four + ", \"udp/" + six + "\"", more);
}

void SourcesTest::shell(const std::string& netns, const std::string& script) {
  const Finished finished = run({.words = {"sh", "-ec", script}, .netns = netns});
  if (finished.exit_code != 0) throw std::runtime_error(script + ": " + finished.output);
}

std::string SourcesTest::link_local(const std::string& netns, const std::string& device) {
  std::string address;
  eventually([&] {
    const Finished shown = run({.words = {"ip", "-n", netns, "-6", "-o", "address", "show", "dev",
                                          device, "scope", "link"}});
    const std::size_t at = shown.output.find("fe80:");
    if (at != std::string::npos) address = shown.output.substr(at, shown.output.find('/', at) - at);
    return !address.empty();
  });
  return address;
}

std::vector<Target> SourcesTest::targets_of_host(int family) {
  const bool is_v4 = family == AF_INET;
  const char* host = is_v4 ? kHost4 : kHost6;
  return {{"a program of this host", host, kApp},
          {"a closed port of this host", host, kClosed},
          {"the guard", host, 53},
          {"what is refused", is_v4 ? kOther4 : kOther6, 7000},
          {"what is allowed", is_v4 ? kApi4 : kApi6, kAllowed}};
}

void SourcesTest::watch(const std::string& netns, const std::string& device,
                        std::set<std::string> own) {
  places_.emplace_back(netns, device, std::move(own));
}

Sign SourcesTest::sign_of(std::size_t way) const {
  const int port = kFirstPort + round_ * kPortsPerRound + static_cast<int>(way);
  return {"secret-" + std::to_string(port) + "-of-an-agent", static_cast<std::uint16_t>(port)};
}

bool SourcesTest::is_of(const SeenPacket& packet, const Sign& sign) const {
  return packet.port == sign.port || packet.source_port == sign.port || packet.carries(sign.text);
}

void SourcesTest::forget() {
  for (Place& place : places_) place.looked_at = place.tap.seen().size();
}

bool SourcesTest::arrives(const Way& way, const Sign& sign) {
  const auto end = std::chrono::steady_clock::now() + kControlPatience;
  while (std::chrono::steady_clock::now() < end) {
    way.go(sign);
    for (int look = 0; look < 20; ++look) {
      for (Place& place : places_) {
        const auto& all = place.tap.seen();
        if (std::any_of(all.begin() + static_cast<std::ptrdiff_t>(place.looked_at), all.end(),
                        [&](const SeenPacket& packet) { return is_of(packet, sign); }))
          return true;
      }
      std::this_thread::sleep_for(10ms);
    }
  }
  return false;
}

void SourcesTest::let_speak(const std::string& address) {
  for (Place& place : places_)
    if (!place.own.empty()) place.own.insert(address);
}

std::vector<std::string> SourcesTest::unseen(const Ways& ways) {
  ++round_;
  forget();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (!arrives(ways[i], sign_of(i))) names.push_back(ways[i].name);
  }
  return names;
}

std::vector<std::string> SourcesTest::seen(const Ways& ways, int times) {
  ++round_;
  forget();
  for (int turn = 0; turn < times; ++turn) {
    for (std::size_t i = 0; i < ways.size(); ++i) ways[i].go(sign_of(i));
  }
  std::this_thread::sleep_for(kSettling);
  return report(ways);
}

// One line for each way, however often it got there.
std::vector<std::string> SourcesTest::report(const Ways& ways) {
  std::set<std::string> lines;
  for (Place& place : places_) {
    const auto& all = place.tap.seen();
    for (std::size_t at = place.looked_at; at < all.size(); ++at) {
      const SeenPacket& packet = all[at];
      std::string way;
      for (std::size_t i = 0; i < ways.size() && way.empty(); ++i) {
        if (is_of(packet, sign_of(i))) way = ways[i].name;
      }
      const bool is_foreign = !place.own.empty() && !place.own.contains(packet.source);
      const bool is_to_evil = packet.destination == kEvil4 || packet.destination == kEvil6;
      if (!way.empty()) lines.insert(way);
      if (way.empty() && (is_foreign || is_to_evil)) lines.insert("unasked: " + in_words(packet));
    }
  }
  return {lines.begin(), lines.end()};
}

void SourcesTest::expect_allowed_works() {
  for (const char* address : {kApi4, kApi6}) {
    EXPECT_TRUE(eventually([&] { return tcp(address) == Seen::answered; })) << address;
    EXPECT_EQ(udp(address, kAllowed), Seen::answered) << address;
  }
  for (const char* address : {kOther4, kOther6}) {
    EXPECT_EQ(tcp(address), Seen::refused) << address;
    EXPECT_EQ(udp(address, 443), Seen::refused) << address;
  }
}

}  // namespace egress::test
