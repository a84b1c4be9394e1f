#include "bench/packet_path.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "bench/egressd.hpp"
#include "support/address.hpp"

namespace egress::bench {
namespace {

using Kind = PacketPath::Operation::Kind;

constexpr std::uint16_t kPort = 7'000;  // TCP and UDP
constexpr const char* kAllowed4 = "192.0.2.10";
constexpr const char* kAllowed6 = "2001:db8:a::10";
constexpr const char* kRefused4 = "198.51.100.10";
constexpr const char* kRefused6 = "2001:db8:f::10";

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {
    if (number < 0) fail("socket");
  }
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

int bind_to(const std::string& netns, int type, const std::string& address) {
  return test::in_namespace(netns, [&] {
    const test::SocketAddress here(address, kPort);
    const int descriptor = socket(here.family(), type | SOCK_CLOEXEC, 0);
    const int on = 1;  // the lab's internet has every address, but by a route
    setsockopt(descriptor, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    if (descriptor < 0 || bind(descriptor, here.get(), here.length) != 0 ||
        (type == SOCK_STREAM && listen(descriptor, 64) != 0))
      fail("listen");
    return descriptor;
  });
}

// With a reset, so that neither end keeps it in TIME_WAIT.
void reset(int descriptor) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0) fail("linger");
}

void make_connections(const test::SocketAddress& to, int listener, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Descriptor client(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    reset(client.get());
    if (connect(client.get(), to.get(), to.length) != 0) fail("a connection that is allowed");
    const Descriptor accepted(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  }
}

void be_refused(const test::SocketAddress& to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Descriptor client(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    must_hold(connect(client.get(), to.get(), to.length) != 0, "what is not allowed is refused");
  }
}

// A datagram there and one back. What earlier bursts left unread goes first.
void be_answered(int client, int receiver) {
  char byte = 0;
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  auto* const address = reinterpret_cast<sockaddr*>(&from);
  while (recv(receiver, &byte, 1, MSG_DONTWAIT) >= 0) continue;
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  for (const int descriptor : {client, receiver})
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (send(client, "?", 1, 0) != 1 || recvfrom(receiver, &byte, 1, 0, address, &length) != 1 ||
      sendto(receiver, "!", 1, 0, address, length) != 1 || recv(client, &byte, 1, 0) != 1)
    fail("a datagram that is allowed");
}

// Nobody reads them: the receiver's buffer fills soon, and then drops them at the same price.
void send_datagrams(int client, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (send(client, "?", 1, 0) != 1) fail("a datagram that is allowed");
}

Cost datagrams(const test::SocketAddress& to, int receiver, const PacketPath::Operation& what) {
  const Descriptor client(socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), to.get(), to.length) != 0) fail("connect");
  if (what.kind == Kind::datagram) be_answered(client.get(), receiver);
  return cost_of(what.burst, [&] { send_datagrams(client.get(), what.burst); });
}

std::string policy() {
  std::string text = policy_of(0, "forward: [br-lab]\n");
  text.resize(text.find("allow:"));
  text += "allow:\n";
  for (const std::string& host : {std::string(kAllowed4), "[" + std::string(kAllowed6) + "]"})
    for (const char* transport : {"", "udp/"})
      text += "  - \"" + (transport + host) + ":" + std::to_string(kPort) + "\"\n";
  return text;
}

// Reset connections are forgotten soon: no burst meets the table of tracked ones full.
void forget_resets(const test::Lab& lab) {
  lab.on_host({"sysctl", "-q", "-w", "net.netfilter.nf_conntrack_tcp_timeout_close=1"});
}

}  // namespace

PacketPath::PacketPath(const std::string& egressd)
    : container_(lab_),
      listener_(bind_to(lab_.net(), SOCK_STREAM, "::")),
      receiver4_(bind_to(lab_.net(), SOCK_DGRAM, kAllowed4)),
      receiver6_(bind_to(lab_.net(), SOCK_DGRAM, kAllowed6)) {
  forget_resets(lab_);
  if (!egressd.empty()) daemon_.emplace(lab_, policy(), std::vector<std::string>{}, egressd);
}

PacketPath::~PacketPath() {
  for (const int descriptor : {listener_, receiver4_, receiver6_}) close(descriptor);
}

const std::vector<PacketPath::Operation>& PacketPath::operations() {
  static const std::vector<Operation> kAll = [] {
    std::vector<Operation> all;
    for (const bool is_ipv6 : {false, true}) {
      const std::string family = is_ipv6 ? ", IPv6" : ", IPv4";
      all.push_back({"connection" + family, Kind::connection, false, is_ipv6, 200});
      all.push_back({"refused connection" + family, Kind::refusal, false, is_ipv6, 500});
      all.push_back({"datagram" + family, Kind::datagram, false, is_ipv6, 4'000});
      all.push_back({"datagram without answers" + family, Kind::unanswered, false, is_ipv6, 4'000});
      all.push_back({"container's connection" + family, Kind::connection, true, is_ipv6, 200});
      all.push_back({"container's datagram" + family, Kind::datagram, true, is_ipv6, 4'000});
    }
    return all;
  }();
  return kAll;
}

std::string PacketPath::sender(const Operation& operation) const {
  return operation.is_container ? container_.netns() : lab_.host();
}

Cost PacketPath::burst(const Operation& what) const {
  const test::SocketAddress allowed(what.is_ipv6 ? kAllowed6 : kAllowed4, kPort);
  const test::SocketAddress refused(what.is_ipv6 ? kRefused6 : kRefused4, kPort);
  return test::in_namespace(sender(what), [&] {
    if (what.kind == Kind::connection)
      return cost_of(what.burst, [&] { make_connections(allowed, listener_, what.burst); });
    if (what.kind != Kind::refusal)
      return datagrams(allowed, what.is_ipv6 ? receiver6_ : receiver4_, what);
    if (daemon_) return cost_of(what.burst, [&] { be_refused(refused, what.burst); });
    // Without a firewall it passes, which shows that the firewall is what refuses it.
    return cost_of(what.burst, [&] { make_connections(refused, listener_, what.burst); });
  });
}

}  // namespace egress::bench
