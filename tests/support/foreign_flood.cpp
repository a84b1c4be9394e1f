#include "support/foreign_flood.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "support/address.hpp"
#include "support/borrowed_socket.hpp"
#include "support/child_process.hpp"
#include "support/flood_count.hpp"
#include "support/forged.hpp"

namespace egress::test {
namespace {

constexpr int kBurst = 4;
// The daemon and the programs beside it need the processor, too.
constexpr auto kPause = std::chrono::milliseconds(1);
constexpr std::uint16_t kForeignPort = 4444, kOwnPort = 5355, kClosedPort = 9, kQuietPort = 5356;
constexpr const char* kText = "flood";

bool is_v4(const std::string& address) {
  return address.find(':') == std::string::npos;
}

// The same packet, from a socket that takes whole ones.
class ByHand : public FloodLane {
 public:
  ByHand(const std::string& destination, IpPacket packet)
      : to_(destination, 0),
        packet_(std::move(packet)),
        socket_(socket(to_.family(), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW)) {
    if (socket_ < 0) throw std::runtime_error("foreign flood: raw socket");
  }
  ~ByHand() override { close(socket_); }
  bool send() override {
    return sendto(socket_, packet_.data(), packet_.size(), 0, to_.get(), to_.length) >= 0;
  }
  void mark() override {}

 private:
  const SocketAddress to_;
  const IpPacket packet_;
  const int socket_;
};

// Under a foreign address to one of its own host's, where another socket answers.
class Trampoline : public FloodLane {
 public:
  Trampoline(const std::string& own, const std::string& foreign)
      : own_(own, kOwnPort), foreign_(foreign, kForeignPort) {
    const int family = own_.family();
    const int on = 1;
    for (int* made : {&from_, &back_}) {
      *made = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      setsockopt(*made, SOL_IP, family == AF_INET ? IP_TRANSPARENT : IP_FREEBIND, &on, sizeof on);
      setsockopt(*made, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    if (bind(from_, foreign_.get(), foreign_.length) != 0 ||
        bind(back_, own_.get(), own_.length) != 0)
      throw std::runtime_error("foreign flood: bind");
  }
  ~Trampoline() override {
    close(from_);
    close(back_);
  }
  bool send() override {
    (void)sendto(from_, kText, 5, 0, own_.get(), own_.length);
    return sendto(back_, kText, 5, 0, foreign_.get(), foreign_.length) >= 0;
  }
  void mark() override {}

 private:
  const SocketAddress own_, foreign_;
  int from_ = -1, back_ = -1;
};

// Freely bound, to wherever.
class Borrower : public FloodLane {
 public:
  Borrower(const std::string& foreign, std::string to, std::uint16_t port)
      : to_(std::move(to), port), socket_(make(foreign)) {}
  ~Borrower() override { close(socket_); }
  bool send() override { return sendto(socket_, kText, 5, 0, to_.get(), to_.length) >= 0; }
  void mark() override {}

 private:
  static int make(const std::string& foreign) {
    const SocketAddress source(foreign, kForeignPort);
    const int on = 1;
    const int made = socket(source.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(made, SOL_IP, IP_FREEBIND, &on, sizeof on);
    if (bind(made, source.get(), source.length) != 0)
      throw std::runtime_error("foreign flood: bind");
    return made;
  }
  const SocketAddress to_;
  const int socket_;
};

// Takes what comes for the quiet port and says nothing, so that flows from outside exist.
class Quiet : public FloodLane {
 public:
  explicit Quiet(const std::string& own) : socket_(make(own)) {}
  ~Quiet() override { close(socket_); }
  bool send() override {
    char octet = 0;
    (void)recv(socket_, &octet, 1, 0);
    return true;
  }
  void mark() override {}

 private:
  static int make(const std::string& own) {
    const SocketAddress here(own, kQuietPort);
    const int made = socket(here.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(made, here.get(), here.length) != 0) throw std::runtime_error("foreign flood: bind");
    return made;
  }
  const int socket_;
};

// Hands out addresses, and puts lanes together.
class Lanes {
 public:
  explicit Lanes(std::string prefix, int first) : prefix_(std::move(prefix)), next_(first) {}

  void forge(const std::string& name, const std::string& to, std::uint16_t port, bool is_echo) {
    add(name, to, [=](const std::string& foreign) {
      const Ends ends{foreign, to, kForeignPort, port};
      return std::make_unique<ByHand>(to,
                                      is_echo ? forged_echo(ends, kText) : forged_udp(ends, kText));
    });
  }
  void syn(const std::string& name, const std::string& to, std::uint16_t port) {
    add(name, to, [=](const std::string& foreign) {
      return std::make_unique<ByHand>(to, forged_tcp({foreign, to, kForeignPort, port}, {}));
    });
  }
  void borrow(const std::string& name, const std::string& to, std::uint16_t port) {
    add(name, to,
        [=](const std::string& foreign) { return std::make_unique<Borrower>(foreign, to, port); });
  }
  void bounce(const std::string& name, const std::string& own) {
    add(name, own,
        [=](const std::string& foreign) { return std::make_unique<Trampoline>(own, foreign); });
  }
  // `of`: whose flow it is that the error is said to be about.
  void err(const std::string& name, const std::string& sender, const std::string& of) {
    add(name, sender, [=](const std::string& foreign) {
      const IpPacket quoted = forged_udp({foreign, of, kForeignPort, kQuietPort}, kText);
      const IcmpMessage message = is_v4(sender) ? quoting(3, 3, quoted) : quoting(1, 4, quoted);
      return std::make_unique<ByHand>(foreign, forged_icmp({sender, foreign}, message));
    });
  }
  void listen(const std::string& own) {
    lanes_.push_back({"", "", [own] { return std::make_unique<Quiet>(own); }});
  }
  ForeignLanes take() { return std::move(lanes_); }

  static std::string address(int number, bool is_4) {
    return (is_4 ? "198.51.100." : "2001:db8:f100::") + std::to_string(number);
  }

 private:
  void add(const std::string& name, const std::string& like,
           std::function<std::unique_ptr<FloodLane>(const std::string&)> make) {
    const bool is_4 = is_v4(like);
    const std::string foreign = address(next_++, is_4);
    lanes_.push_back(
        {prefix_ + "-" + name + (is_4 ? "4" : "6"), foreign, [=] { return make(foreign); }});
  }

  const std::string prefix_;
  int next_;
  ForeignLanes lanes_;
};

constexpr int kHostsErrors = 60, kContainersErrors = 62;  // the numbers of these lanes' addresses

}  // namespace

ForeignLanes lanes_of_host(const ForeignGround& ground) {
  Lanes errors("host", kHostsErrors), lanes("host", 10);
  for (const auto& [host, refused] :
       {std::pair(ground.host4, ground.refused4), {ground.host6, ground.refused6}}) {
    errors.err("related", host, host);
    lanes.bounce("trampoline", host);
    lanes.forge("closed", host, kClosedPort, false);
    lanes.forge("echo", host, 0, true);
    lanes.forge("refused", refused, kClosedPort, false);
    lanes.syn("reset", host, kClosedPort);
  }
  lanes.borrow("freebind-closed", ground.host6, kClosedPort);
  lanes.borrow("freebind-refused", ground.refused6, kClosedPort);
  for (const std::string& own : {ground.host4, ground.host6}) lanes.listen(own);
  ForeignLanes all = lanes.take();
  for (ForeignLane& lane : errors.take()) all.push_back(std::move(lane));
  return all;
}

ForeignLanes lanes_of_container(const ForeignGround& ground, const std::string& own4,
                                const std::string& own6) {
  Lanes errors("container", kContainersErrors), lanes("container", 30);
  for (const auto& [host, refused, own] :
       {std::tuple(ground.host4, ground.refused4, own4), {ground.host6, ground.refused6, own6}}) {
    errors.err("related", own, host);
    lanes.forge("closed", host, kClosedPort, false);
    lanes.forge("echo", host, 0, true);
    lanes.forge("refused", refused, kClosedPort, false);
    lanes.syn("reset", host, kClosedPort);
  }
  lanes.borrow("freebind-closed", ground.host6, kClosedPort);
  lanes.borrow("freebind-refused", ground.refused6, kClosedPort);
  ForeignLanes all = lanes.take();
  for (ForeignLane& lane : errors.take()) all.push_back(std::move(lane));
  return all;
}

ForeignLanes outside_flows(const ForeignGround& ground) {
  ForeignLanes all;
  for (const int first : {kHostsErrors, kContainersErrors}) {
    for (const bool is_4 : {true, false}) {
      const std::string foreign = Lanes::address(first + (is_4 ? 0 : 1), is_4);
      const std::string host = is_4 ? ground.host4 : ground.host6;
      all.push_back({"outside", foreign, [=] {
                       return std::make_unique<ByHand>(
                           host, forged_udp({foreign, host, kForeignPort, kQuietPort}, kText));
                     }});
    }
  }
  return all;
}

ForeignFlood::ForeignFlood(std::string netns, ForeignLanes lanes)
    : netns_(std::move(netns)), lanes_(std::move(lanes)), thread_([this] { run(); }) {}

ForeignFlood::~ForeignFlood() {
  is_stopping_ = true;
  thread_.join();
}

void ForeignFlood::run() {
  join_namespace(netns_);
  std::vector<std::unique_ptr<FloodLane>> lanes;
  for (const ForeignLane& lane : lanes_) lanes.push_back(lane.make());
  while (!is_stopping_) {
    for (int turn = 0; turn < kBurst; ++turn) {
      for (const auto& lane : lanes) {
        ++sent_;
        if (!lane->send()) ++refused_;
      }
    }
    std::this_thread::sleep_for(kPause);
  }
}

ForeignCount::ForeignCount(std::string netns, const std::string& device, const ForeignLanes& lanes)
    : netns_(std::move(netns)) {
  std::string counters, rules;
  for (const ForeignLane& lane : lanes) {
    if (lane.address.empty()) continue;
    counters += " counter " + lane.name + " { }\n";
    for (const char* end : {"saddr", "daddr"})
      rules += std::string("  ") + (is_v4(lane.address) ? "ip " : "ip6 ") + end + " " +
               lane.address + " counter name \"" + lane.name + "\" drop\n";
  }
  load_counters(netns_, "foreign", device, counters, rules);
}

std::map<std::string, std::uint64_t> ForeignCount::read() const {
  return read_counters(netns_, "foreign");
}

}  // namespace egress::test
