#include "support/raw_socket.hpp"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netpacket/packet.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "support/address.hpp"

namespace egress::test {
namespace {

constexpr std::uint16_t kSourcePort = 40'000;
constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::size_t kOffsetUnit = 8;
constexpr int kQdiscBypass =
    20;  // PACKET_QDISC_BYPASS: linux/if_packet.h cannot stand beside netpacket/packet.h
constexpr int kIpNodefrag = 22;  // linux/in.h, which cannot stand beside netinet/in.h

// RFC 768; without a checksum, which IPv4 allows.
std::vector<std::uint8_t> datagram(std::span<const std::uint8_t> payload) {
  std::vector<std::uint8_t> out;
  for (const std::size_t word :
       {std::size_t{kSourcePort}, std::size_t{kDnsPort}, payload.size() + 8, std::size_t{0}}) {
    out.push_back(static_cast<std::uint8_t>(word >> 8U));
    out.push_back(static_cast<std::uint8_t>(word));
  }
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

iphdr header_of(const FragmentedQuestion& how) {
  static std::uint16_t id = 1;
  iphdr header{};
  header.version = 4;
  header.ihl = 5;
  header.ttl = 64;
  header.protocol = IPPROTO_UDP;
  header.id = htons(id++);
  inet_pton(AF_INET, how.source.c_str(), &header.saddr);
  inet_pton(AF_INET, how.destination.c_str(), &header.daddr);
  return header;
}

void send_packet(int socket, const iphdr& header, std::span<const std::uint8_t> piece) {
  std::vector<std::uint8_t> packet(sizeof header + piece.size());
  std::memcpy(packet.data(), &header, sizeof header);
  std::ranges::copy(piece, packet.begin() + sizeof header);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = header.daddr;
  // A firewall may refuse: that is the caller's to find out on the far side.
  (void)sendto(socket, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to);
}

void send_pieces(int socket, const FragmentedQuestion& how,
                 const std::vector<std::uint8_t>& whole) {
  iphdr header = header_of(how);
  for (std::size_t at = 0; at < whole.size(); at += how.piece) {
    const std::size_t size = std::min(how.piece, whole.size() - at);
    const bool is_last = at + size == whole.size();
    header.frag_off =
        htons(static_cast<std::uint16_t>(at / kOffsetUnit | (is_last ? 0U : kMoreFragments)));
    header.tot_len = htons(static_cast<std::uint16_t>(sizeof header + size));
    send_packet(socket, header, std::span(whole).subspan(at, size));
  }
}

}  // namespace

void send_in_fragments(const std::string& netns, const FragmentedQuestion& how,
                       std::span<const std::uint8_t> payload) {
  in_namespace(netns, [&] {
    const int descriptor = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "raw socket");
    const int on = how.asks_not_to_be_joined ? 1 : 0;
    setsockopt(descriptor, SOL_IP, kIpNodefrag, &on, sizeof on);
    send_pieces(descriptor, how, datagram(payload));
    close(descriptor);
  });
}

int send_frame(const std::string& netns, FrameSocket kind, const Frame& frame) {
  return in_namespace(netns, [&] {
    const int socket = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int bypasses = kind == FrameSocket::past_the_queue;
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(frame.type);
    to.sll_ifindex = static_cast<int>(if_nametoindex(frame.device.c_str()));
    to.sll_halen = ETH_ALEN;
    std::fill_n(to.sll_addr, ETH_ALEN, frame.station);
    if (socket < 0 || setsockopt(socket, SOL_PACKET, kQdiscBypass, &bypasses, sizeof bypasses) != 0)
      throw std::system_error(errno, std::generic_category(), "packet socket");
    const ssize_t sent = sendto(socket, frame.payload.data(), frame.payload.size(), 0,
                                reinterpret_cast<const sockaddr*>(&to), sizeof to);
    const int error = sent < 0 ? errno : 0;
    close(socket);
    return error;
  });
}

std::vector<std::uint8_t> udp_packet(const std::string& source, std::uint16_t source_port,
                                     const std::string& destination,
                                     std::uint16_t destination_port) {
  const bool is_v4 = destination.find(':') == std::string::npos;
  const int family = is_v4 ? AF_INET : AF_INET6;
  const std::size_t address = is_v4 ? 4 : 16, header = is_v4 ? 20 : 40;
  std::vector<std::uint8_t> packet(header + 8);
  packet[0] = is_v4 ? 0x45 : 0x60;
  packet[is_v4 ? 3 : 5] = static_cast<std::uint8_t>(is_v4 ? packet.size() : 8);
  packet[is_v4 ? 8 : 7] = 64;  // time to live, hop limit
  packet[is_v4 ? 9 : 6] = IPPROTO_UDP;
  inet_pton(family, source.c_str(), packet.data() + header - 2 * address);
  inet_pton(family, destination.c_str(), packet.data() + header - address);
  const std::uint16_t ports[] = {htons(source_port), htons(destination_port), htons(8)};
  std::memcpy(packet.data() + header, ports, sizeof ports);
  return packet;
}

int send_protocol(const std::string& netns, const ProtocolPacket& packet) {
  return in_namespace(netns, [&] {
    const SocketAddress to(packet.to, 0);
    const int descriptor = socket(to.get()->sa_family, SOCK_RAW | SOCK_CLOEXEC, packet.protocol);
    int error = descriptor < 0 ? errno : 0;
    if (error == 0 && !packet.from.empty()) {
      const SocketAddress from(packet.from, 0);
      if (bind(descriptor, from.get(), from.length) != 0) error = errno;
    }
    if (error == 0 && sendto(descriptor, packet.payload.data(), packet.payload.size(), 0, to.get(),
                             to.length) < 0)
      error = errno;
    close(descriptor);
    return error;
  });
}

ProtocolPacket icmp_packet(const std::string& to, std::uint8_t type) {
  const bool is_v6 = to.find(':') != std::string::npos;
  const int protocol = is_v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  ProtocolPacket packet{protocol, to, {type, 0, 0, 0, 'e', 'g', 0, 1}};
  packet.payload.resize(20);
  if (is_v6) return packet;  // the kernel fills it in
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < packet.payload.size(); at += 2)
    sum += static_cast<std::uint32_t>(packet.payload[at] << 8 | packet.payload[at + 1]);
  sum = ~((sum & 0xffff) + (sum >> 16));
  packet.payload[2] = static_cast<std::uint8_t>(sum >> 8);
  packet.payload[3] = static_cast<std::uint8_t>(sum);
  return packet;
}

}  // namespace egress::test
