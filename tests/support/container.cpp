#include "support/container.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

namespace egress::test {
namespace {

// H, N and C stand for the namespaces of the host, the internet and the container.
constexpr const char* kCommands[] = {
    "ip netns add C ",
    "ip netns exec C sysctl -q -w net.ipv4.ping_group_range='0 2147483647'",
    "ip netns exec H sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
    "ip -n H link add br-lab type bridge",
    "ip -n H link add port0 type veth peer name eth0 netns C ",
    "ip -n H link set port0 master br-lab",
    "ip -n H addr add 172.20.0.1/16 dev br-lab",
    "ip -n H addr add fd20::1/64 dev br-lab nodad",
    "ip -n C addr add 172.20.0.2/16 dev eth0",
    "ip -n C addr add fd20::2/64 dev eth0 nodad",
    "ip -n C link set lo up",
    "ip -n C link set eth0 up",
    "ip -n H link set port0 up",
    "ip -n H link set br-lab up",
    "ip -n C route add default via 172.20.0.1",
    "ip -n C route add default via fd20::1",
    "ip -n N route add 172.20.0.0/16 via 10.77.0.2",
    "ip -n N route add fd20::/64 via 2001:db8:77::2",
};

}  // namespace

Container::Container(const Lab& lab) : netns_(lab.host() + "-c") {
  for (std::string line : kCommands) {
    for (const auto& [letter, name] :
         {std::pair(" H ", lab.host()), {" N ", lab.net()}, {" C ", netns_}}) {
      if (const std::size_t at = line.find(letter); at != std::string::npos)
        line.replace(at + 1, 1, name);
    }
    const Finished finished = run({.words = {"sh", "-c", line}});
    if (finished.exit_code != 0) throw std::runtime_error(line + ": " + finished.output);
  }
}

Container::~Container() {
  run({.words = {"ip", "netns", "del", netns_}});
}

}  // namespace egress::test
