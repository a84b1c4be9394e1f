#include "adapters/dns_listener/socket_owner.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "adapters/dns_listener/datagram_reader.hpp"
#include "adapters/dns_listener/socket_address.hpp"
#include "adapters/system_error.hpp"

namespace egress::dns_listener {
namespace {

constexpr Port kDnsPort = 53;
constexpr std::size_t kDatagramOctets = 64 << 10;  // the kernel's dumps fit

// Of sockets that can have sent a question; listening ones are not walked, closed ones have lost
// their owner.
constexpr std::uint32_t kTcpStates = 1U << TCP_ESTABLISHED | 1U << TCP_FIN_WAIT1 |
                                     1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT |
                                     1U << TCP_LAST_ACK | 1U << TCP_CLOSING;
constexpr std::uint32_t kUdpStates = ~0U;

// How well a socket fits, besides the port.
enum class Fit {
  none,
  any_address,    // not bound to one: UDP without connect()
  same_address,   // but of TCP, others from there to other places may fit as well
  asks_a_server,  // and is connected to port 53, whichever server it believes to talk to
};

template <class T>
T read(std::span<const std::uint8_t> octets) {
  T value{};
  std::memcpy(&value, octets.data(), std::min(octets.size(), sizeof value));
  return value;
}

IpAddress source_of(const inet_diag_msg& socket) {
  if (socket.idiag_family == AF_INET) {
    in_addr v4{};
    std::memcpy(&v4, socket.id.idiag_src, sizeof v4);
    return to_address(v4);
  }
  in6_addr v6{};
  std::memcpy(&v6, socket.id.idiag_src, sizeof v6);
  return to_address(v6);
}

Fit fit_of(const inet_diag_msg& socket, const Client& client) {
  if (ntohs(socket.id.idiag_sport) != client.port) return Fit::none;
  const IpAddress source = source_of(socket);
  if (source == IpAddress::lowest(source.family()))
    return client.transport == Transport::udp ? Fit::any_address : Fit::none;
  if (source != client.address) return Fit::none;
  return ntohs(socket.id.idiag_dport) == kDnsPort ? Fit::asks_a_server : Fit::same_address;
}

// The first words of a socket's address, as sock_diag has it.
void put(const IpAddress& address, std::uint32_t (&words)[4]) {
  if (address.is_v4()) {
    const in_addr v4 = to_in_addr(address);
    std::memcpy(words, &v4, sizeof v4);
  } else {
    const in6_addr v6 = to_in6_addr(address);
    std::memcpy(words, &v6, sizeof v6);
  }
}

// Where a connection went that was redirected here; port 0: nothing was.
SocketAddress original_destination(int accepted, Family family) {
  constexpr int kOriginalDestination = 80;  // SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST
  SocketAddress found;
  socklen_t length = SocketAddress::room();
  const int level = family == Family::ipv4 ? SOL_IP : SOL_IPV6;
  if (getsockopt(accepted, level, kOriginalDestination, found.get(), &length) != 0) return {};
  return found;
}

// A socket can be bound to addresses of this host only.
bool is_of_this_host(const Client& client) {
  const int domain = client.address.is_v4() ? AF_INET : AF_INET6;
  const FileDescriptor probe(socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  SocketAddress own(domain, client.address, 0, DatagramHandle::of(client).interface);
  return bind(probe.get(), own.get(), own.length()) == 0;
}

}  // namespace

struct SocketOwner::Best {
  Fit fit = Fit::none;
  uid_t uid = 0;
  bool is_ambiguous = false;

  void consider(Fit other, uid_t other_uid) {
    if (other == Fit::none || other < fit) return;
    is_ambiguous = other == fit && (is_ambiguous || other_uid != uid);
    fit = other;
    uid = other_uid;
  }
};

SocketOwner::SocketOwner(FileDescriptor netlink)
    : netlink_(std::move(netlink)), buffer_(kDatagramOctets) {}

Result<SocketOwner> SocketOwner::open() {
  FileDescriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink.is_open()) return fail_errno("cannot open a sock_diag netlink socket");
  return SocketOwner(std::move(netlink));
}

// An IPv4 question may come from an IPv6 socket, too.
std::optional<uid_t> SocketOwner::uid_of(const Client& client) {
  Best best;
  for (const int domain : {AF_INET, AF_INET6}) {
    if (domain == AF_INET && !client.address.is_v4()) continue;
    if (best.fit == Fit::asks_a_server) break;
    if (request(domain, client)) read_answers(client, best);
  }
  if (best.fit == Fit::none || best.is_ambiguous) return std::nullopt;
  if (best.fit == Fit::any_address && !is_of_this_host(client)) return std::nullopt;
  return best.uid;
}

std::optional<uid_t> SocketOwner::uid_of_connection(int accepted, const Client& client) {
  auto server = original_destination(accepted, client.address.family());
  if (server.port() == 0) {
    socklen_t length = SocketAddress::room();
    if (getsockname(accepted, server.get(), &length) != 0) return std::nullopt;
  }
  if (!request_connection(client, server.address(), server.port())) return std::nullopt;
  const ssize_t got = recv(netlink_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  const auto datagram =
      std::span(buffer_).first(static_cast<std::size_t>(std::max(got, ssize_t{0})));
  const auto header = read<nlmsghdr>(datagram);
  if (header.nlmsg_seq != sequence_ || header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
      datagram.size() < sizeof header + sizeof(inet_diag_msg))
    return std::nullopt;
  const auto socket = read<inet_diag_msg>(datagram.subspan(sizeof header));
  // What nobody holds open any more has no owner, and a listening socket has not asked.
  const bool is_connected = (kTcpStates & 1U << socket.idiag_state) != 0;
  return is_connected && socket.idiag_inode != 0 ? std::optional(socket.idiag_uid) : std::nullopt;
}

bool SocketOwner::request_connection(const Client& client, const IpAddress& server, Port port) {
  struct {
    nlmsghdr header{};
    inet_diag_req_v2 wanted{};
  } message;
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST;
  message.header.nlmsg_seq = ++sequence_;
  message.wanted.sdiag_family =
      static_cast<std::uint8_t>(client.address.is_v4() ? AF_INET : AF_INET6);
  message.wanted.sdiag_protocol = IPPROTO_TCP;
  message.wanted.idiag_states = kTcpStates;
  message.wanted.id.idiag_sport = htons(client.port);
  message.wanted.id.idiag_dport = htons(port);
  put(client.address, message.wanted.id.idiag_src);
  put(server, message.wanted.id.idiag_dst);
  std::ranges::fill(message.wanted.id.idiag_cookie, INET_DIAG_NOCOOKIE);
  return send(netlink_.get(), &message, sizeof message, 0) == sizeof message;
}

bool SocketOwner::request(int domain, const Client& client) {
  struct {
    nlmsghdr header{};
    inet_diag_req_v2 wanted{};
  } message;
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.header.nlmsg_seq = ++sequence_;
  message.wanted.sdiag_family = static_cast<std::uint8_t>(domain);
  message.wanted.sdiag_protocol = static_cast<std::uint8_t>(client.transport);
  message.wanted.idiag_states = client.transport == Transport::tcp ? kTcpStates : kUdpStates;
  message.wanted.id.idiag_sport = htons(client.port);
  return send(netlink_.get(), &message, sizeof message, 0) == sizeof message;
}

// The kernel has written its first answer before send() returned, and each further one before
// recv() does.
void SocketOwner::read_answers(const Client& client, Best& best) {
  for (;;) {
    const ssize_t got = recv(netlink_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    const auto datagram = std::span(buffer_).first(static_cast<std::size_t>(got));
    if (!read_datagram(datagram, client, best)) return;
  }
}

// Whether more will come.
bool SocketOwner::read_datagram(std::span<const std::uint8_t> datagram, const Client& client,
                                Best& best) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto header = read<nlmsghdr>(datagram);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return false;
    const auto body = datagram.first(header.nlmsg_len).subspan(sizeof header);
    datagram =
        datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    if (header.nlmsg_seq != sequence_) continue;
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;  // the end, or an error
    const auto socket = read<inet_diag_msg>(body);
    best.consider(fit_of(socket, client), socket.idiag_uid);
  }
  return true;
}

}  // namespace egress::dns_listener
