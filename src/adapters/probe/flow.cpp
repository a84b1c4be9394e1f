#include "adapters/probe/flow.hpp"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "adapters/probe/error_queue.hpp"
#include "adapters/probe/payloads.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint8_t kHops = 64;
constexpr std::size_t kUdpHeader = 8;

using End = OwnEnd;  // or the other one

void put16(Octets& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

void append(Octets& out, std::span<const std::uint8_t> more) {
  out.insert(out.end(), more.begin(), more.end());
}

// RFC 1071.
std::uint16_t checksum(Octets text) {
  if (text.size() % 2 != 0) text.push_back(0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < text.size(); i += 2)
    sum += (std::uint32_t{text[i]} << 8U) + text[i + 1];
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

// RFC 768, over the addresses too (RFC 8200 section 8.1); 0 would mean none.
std::uint16_t udp_checksum(const End& from, const End& to, const Octets& datagram) {
  Octets text;
  append(text, from.address.octets());
  append(text, to.address.octets());
  put16(text, IPPROTO_UDP);
  put16(text, datagram.size());
  append(text, datagram);
  const std::uint16_t sum = checksum(std::move(text));
  return sum == 0 ? 0xffff : sum;
}

Octets udp(const End& from, const End& to, Datagram payload) {
  Octets datagram;
  put16(datagram, from.port);
  put16(datagram, to.port);
  put16(datagram, kUdpHeader + payload.size());
  put16(datagram, 0);
  append(datagram, payload);
  const std::uint16_t sum = udp_checksum(from, to, datagram);
  datagram[6] = static_cast<std::uint8_t>(sum >> 8U);
  datagram[7] = static_cast<std::uint8_t>(sum);
  return datagram;
}

// The kernel fills in the id and the header's checksum (raw(7)).
Octets ip_header(const End& from, const End& to, std::size_t payload) {
  Octets packet;
  if (from.address.is_v4()) {
    iphdr header{};
    header.version = 4;
    header.ihl = sizeof header / 4;
    header.ttl = kHops;
    header.protocol = IPPROTO_UDP;
    header.tot_len = htons(static_cast<std::uint16_t>(sizeof header + payload));
    std::memcpy(&header.saddr, from.address.octets().data(), sizeof header.saddr);
    std::memcpy(&header.daddr, to.address.octets().data(), sizeof header.daddr);
    packet.resize(sizeof header);
    std::memcpy(packet.data(), &header, sizeof header);
  } else {
    ip6_hdr header{};
    header.ip6_flow = htonl(6U << 28U);
    header.ip6_plen = htons(static_cast<std::uint16_t>(payload));
    header.ip6_nxt = IPPROTO_UDP;
    header.ip6_hlim = kHops;
    std::memcpy(&header.ip6_src, from.address.octets().data(), sizeof header.ip6_src);
    std::memcpy(&header.ip6_dst, to.address.octets().data(), sizeof header.ip6_dst);
    packet.resize(sizeof header);
    std::memcpy(packet.data(), &header, sizeof header);
  }
  return packet;
}

// 0 or the errno.
int send_as(const End& from, const End& to) {
  const Octets datagram = udp(from, to, plain_text());
  Octets packet = ip_header(from, to, datagram.size());
  append(packet, datagram);
  const Socket raw(to.address.family(), SOCK_RAW, IPPROTO_RAW);  // with it goes the header
  if (!raw) return errno;
  if (const int error = connect(raw, to.address, 0); error != 0) return error;
  return send(raw, packet);
}

// What a router says of an earlier datagram means nothing: nobody is there.
void forget_errors(const Socket& socket) {
  while (take_error(socket)) {
  }
  int error = 0;
  socklen_t length = sizeof error;
  (void)::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
}

// Waits for what the far end has sent, and takes it.
bool receive(const Socket& socket, const Deadline& deadline) {
  std::array<char, 64> buffer;
  while (const short events = wait(socket, POLLIN, deadline)) {
    if ((events & POLLERR) != 0) forget_errors(socket);
    if (::recv(socket.fd(), buffer.data(), buffer.size(), 0) >= 0) return true;
  }
  return false;
}

// A socket for the flow, with its own end; without one errno says why.
struct Flow {
  Socket socket;
  std::optional<End> own{};
};
Flow flow_with(const Remote& far_end) {
  const Family family = far_end.address.family();
  Flow flow{.socket = Socket(family, SOCK_DGRAM, IPPROTO_UDP)};
  const bool is_ready =
      flow.socket && queue_errors(flow.socket, family) && bind_source(flow.socket, far_end);
  if (!is_ready || connect(flow.socket, far_end.address, far_end.port) != 0) return flow;
  flow.own = own_end(flow.socket);
  return flow;
}

Observation send_on(const Flow& flow, const Deadline& deadline) {
  forget_errors(flow.socket);
  int error = send(flow.socket, plain_text());
  if (error != 0 && error != EPERM) error = send(flow.socket, plain_text());  // of one before
  if (error != 0) return refusal(flow.socket, error, deadline);
  Observation seen;
  seen.outcome = Outcome::reached;
  seen.elapsed = deadline.elapsed();
  return seen;
}

Observation hear_from(const Remote& far_end, const Flow& flow, const Deadline& deadline) {
  if (const int error = send_as({far_end.address, far_end.port}, *flow.own); error != 0)
    return impossible(error);
  Observation seen;
  seen.outcome = receive(flow.socket, deadline) ? Outcome::reached : Outcome::timeout;
  seen.elapsed = deadline.elapsed();
  return seen;
}

}  // namespace

Observation open_flow(const Remote& to, const Deadline& deadline) {
  if (!has_route(to.address)) return no_route();
  const Flow flow = flow_with(to);
  if (!flow.own) return impossible(errno);
  const Observation first = send_on(flow, deadline);
  if (first.outcome != Outcome::reached) return first;
  const Observation answer = hear_from(to, flow, deadline);
  return answer.outcome == Outcome::reached ? send_on(flow, deadline) : answer;
}

Observation answer_flow(const Remote& from, const Deadline& deadline) {
  if (!has_route(from.address)) return no_route();
  const Flow flow = flow_with(from);
  if (!flow.own) return impossible(errno);
  const Observation question = hear_from(from, flow, deadline);
  return question.outcome == Outcome::reached ? send_on(flow, deadline) : question;
}

}  // namespace egress::probe
