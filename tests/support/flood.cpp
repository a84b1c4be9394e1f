#include "support/flood.hpp"

#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netpacket/packet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "support/address.hpp"
#include "support/raw_socket.hpp"

namespace egress::test {
namespace {

constexpr int kTrafficClass = kFloodMark << 2;
constexpr int kBurst = 8;
// The daemon and the programs beside it need the processor, too.
constexpr auto kPause = std::chrono::milliseconds(1);

class Descriptor {
 public:
  Descriptor(int family, int type, int protocol = 0)
      : number_(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)) {
    if (number_ < 0) throw std::system_error(errno, std::generic_category(), "flood");
  }
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return number_; }
  void set(int level, int option, int value) const {
    if (setsockopt(number_, level, option, &value, sizeof value) != 0)
      throw std::system_error(errno, std::generic_category(), "flood");
  }
  void set_traffic_class(int family, int value) const {
    if (family == AF_INET) set(SOL_IP, IP_TOS, value);
    if (family == AF_INET6) set(SOL_IPV6, IPV6_TCLASS, value);
  }

 private:
  int number_;
};

// Each attempt begins anew, as programs do: with a SYN.
class Connects : public FloodLane {
 public:
  explicit Connects(const char* address) : to_(address, kFloodPort) {}
  bool send() override {
    const Descriptor socket(to_.family(), SOCK_STREAM);
    socket.set_traffic_class(to_.family(), traffic_class_);
    int error = connect(socket.get(), to_.get(), to_.length) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      socklen_t size = sizeof error;
      getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    return error == 0;
  }
  void mark() override { traffic_class_ = kTrafficClass; }

 private:
  const SocketAddress to_;
  int traffic_class_ = 0;
};

// The same message from the same socket.
class Messages : public FloodLane {
 public:
  Messages(const SocketAddress& to, int type, int protocol, std::vector<std::uint8_t> message)
      : to_(to), message_(std::move(message)), socket_(to.family(), type, protocol) {
    socket_.set(SOL_SOCKET, SO_RCVBUF, 0);  // nobody reads what comes back
  }
  bool send() override {
    return sendto(socket_.get(), message_.data(), message_.size(), 0, to_.get(), to_.length) >= 0;
  }
  void mark() override { socket_.set_traffic_class(to_.family(), kTrafficClass); }

 private:
  const SocketAddress to_;
  const std::vector<std::uint8_t> message_;
  const Descriptor socket_;
};

std::unique_ptr<FloodLane> datagrams(const char* address) {
  return std::make_unique<Messages>(SocketAddress(address, kFloodPort), SOCK_DGRAM, 0,
                                    std::vector<std::uint8_t>{'f', 'l', 'o', 'o', 'd'});
}

// RFC 792 and RFC 4443; the checksum of the latter is the kernel's to fill in.
std::unique_ptr<FloodLane> echo_requests(const char* address) {
  const SocketAddress to(address, 0);
  const bool is_v4 = to.family() == AF_INET;
  std::vector<std::uint8_t> message(8);
  message[0] = is_v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  if (is_v4) message[2] = static_cast<std::uint8_t>(~ICMP_ECHO), message[3] = 0xff;
  return std::make_unique<Messages>(to, SOCK_RAW, is_v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6},
                                    std::move(message));
}

class FramesByHand : public FloodLane {
 public:
  FramesByHand(const char* source, const char* address)
      : packet_(udp_packet(source, kFloodFramePort, address, kFloodFramePort)),
        socket_(AF_PACKET, SOCK_DGRAM) {
    const bool is_v4 = packet_[0] >> 4U == 4;
    to_.sll_family = AF_PACKET;
    to_.sll_protocol = htons(is_v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    to_.sll_ifindex = static_cast<int>(if_nametoindex("uplink0"));
    to_.sll_halen = ETH_ALEN;
    std::fill_n(to_.sll_addr, ETH_ALEN, 0xff);
  }
  bool send() override {
    return sendto(socket_.get(), packet_.data(), packet_.size(), 0,
                  reinterpret_cast<const sockaddr*>(&to_), sizeof to_) >= 0;
  }
  // The eight bits after the version, or after the version and the length of the header.
  void mark() override {
    if (packet_[0] >> 4U == 4) {
      packet_[1] = kTrafficClass;
    } else {
      packet_[0] |= kTrafficClass >> 4U;
      packet_[1] |= (kTrafficClass & 0xf) << 4U;
    }
  }

 private:
  std::vector<std::uint8_t> packet_;
  const Descriptor socket_;
  sockaddr_ll to_{};
};

std::vector<std::unique_ptr<FloodLane>> lanes_to(const FloodTarget& target) {
  std::vector<std::unique_ptr<FloodLane>> lanes;
  for (const char* address : {target.v4, target.v6}) {
    lanes.push_back(std::make_unique<Connects>(address));
    lanes.push_back(datagrams(address));
    lanes.push_back(echo_requests(address));
  }
  if (!target.gets_frames) return lanes;
  lanes.push_back(std::make_unique<FramesByHand>("10.77.0.2", target.v4));
  lanes.push_back(std::make_unique<FramesByHand>("2001:db8:77::2", target.v6));
  return lanes;
}

}  // namespace

Flood::Flood(std::string netns, FloodTarget target)
    : netns_(std::move(netns)), target_(target), thread_([this] { run(); }) {}

Flood::~Flood() {
  is_stopping_ = true;
  thread_.join();
}

void Flood::mark() {
  is_to_mark_ = true;
  marked_.get_future().wait();
}

void Flood::run() {
  join_namespace(netns_);
  auto lanes = lanes_to(target_);
  while (!is_stopping_) {
    if (is_to_mark_ && !is_marked_) {
      for (const auto& lane : lanes) lane->mark();
      is_marked_ = true;
      marked_.set_value();
    }
    for (int turn = 0; turn < kBurst; ++turn) send_all(lanes);
    std::this_thread::sleep_for(kPause);
  }
}

void Flood::send_all(std::vector<std::unique_ptr<FloodLane>>& lanes) {
  for (const auto& lane : lanes) {
    const bool was_told = !lane->send();
    if (!is_marked_) continue;
    ++sent_;
    if (was_told) ++refused_;
  }
}

}  // namespace egress::test
