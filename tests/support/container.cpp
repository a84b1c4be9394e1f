#include "support/container.hpp"

#include <sys/socket.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace egress::test {
namespace {

// HOST, OUTSIDE and SELF are the namespaces of the host, the internet and the container; BRIDGE,
// PORT, NET4, GATE4, OWN4 and so on what they seem to be.
constexpr const char* kBridge[] = {
    "ip netns exec HOST sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
    "ip -n HOST link add BRIDGE type bridge",
    "ip -n HOST addr add GATE4/16 dev BRIDGE",
    "ip -n HOST addr add GATE6/64 dev BRIDGE nodad",
    "ip -n OUTSIDE route add NET4/16 via 10.77.0.2",
    "ip -n OUTSIDE route add NET6/64 via 2001:db8:77::2",
};
constexpr const char* kContainer[] = {
    "ip netns add SELF",
    "ip netns exec SELF sysctl -q -w net.ipv4.ping_group_range='0 2147483647'",
    "ip -n HOST link add PORT type veth peer name eth0 netns SELF",
    "ip -n HOST link set PORT master BRIDGE",
    "ip -n SELF addr add OWN4/16 dev eth0",
    "ip -n SELF addr add OWN6/64 dev eth0 nodad",
    "ip -n SELF link set lo up",
    "ip -n SELF link set eth0 up",
    "ip -n HOST link set PORT up",
    "ip -n HOST link set BRIDGE up",
    "ip -n SELF route add default via GATE4",
    "ip -n SELF route add default via GATE6",
};

using Words = std::vector<std::pair<std::string, std::string>>;

void run_line(std::string line, const Words& words) {
  for (const auto& [word, meaning] : words) {
    if (const std::size_t at = line.find(word); at != std::string::npos)
      line.replace(at, word.size(), meaning);
  }
  const Finished finished = run({.words = {"sh", "-c", line}});
  if (finished.exit_code != 0) throw std::runtime_error(line + ": " + finished.output);
}

std::string name_at(const Lab& lab, const ContainerPlace& place) {
  return lab.host() + "-c" + std::to_string(place.net) + "h" + std::to_string(place.host);
}

}  // namespace

Container::Container(const Lab& lab, const ContainerPlace& place)
    : place_(place), netns_(name_at(lab, place)) {
  const Words words{{"HOST", lab.host()},
                    {"OUTSIDE", lab.net()},
                    {"SELF", netns_},
                    {"BRIDGE", place.bridge},
                    {"PORT", port()},
                    {"GATE4", gateway(AF_INET)},
                    {"GATE6", gateway(AF_INET6)},
                    {"OWN4", address(AF_INET)},
                    {"OWN6", address(AF_INET6)},
                    {"NET4", address(AF_INET, 0)},
                    {"NET6", address(AF_INET6, 0)}};
  const auto has_bridge = run({.words = {"ip", "-n", lab.host(), "link", "show", place.bridge}});
  if (has_bridge.exit_code != 0) {
    for (const char* line : kBridge) run_line(line, words);
  }
  for (const char* line : kContainer) run_line(line, words);
}

Container::~Container() {
  run({.words = {"ip", "netns", "del", netns_}});
}

std::string Container::port() const {
  return "port" + std::to_string(place_.net) + "h" + std::to_string(place_.host);
}

std::string Container::address(int family, int host) const {
  const std::string net = std::to_string(place_.net), last = std::to_string(host);
  return family == AF_INET ? "172." + net + ".0." + last : "fd" + net + "::" + last;
}

}  // namespace egress::test
