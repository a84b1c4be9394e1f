#include "adapters/host/netlink_dump.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <vector>

#include "adapters/file_descriptor.hpp"
#include "adapters/system_error.hpp"

namespace egress::host {
namespace {

constexpr int kAttempts = 10;
constexpr std::size_t kDatagramOctets = 64 << 10;  // the kernel's dumps fit
constexpr timeval kAnswerWait{.tv_sec = 5, .tv_usec = 0};

enum class Progress { more, done };

// 0 or an errno; EINTR: a change came in between.
struct Listing {
  int error = 0;
  Progress progress = Progress::more;

  void take_message(const nlmsghdr& header, Octets body, const std::function<void(Octets)>& take) {
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) error = EINTR;
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
      progress = Progress::done;
      if (const int code = read<std::int32_t>(body); code != 0) error = -code;
    } else {
      take(body);
    }
  }
  void take_datagram(Octets datagram, const std::function<void(Octets)>& take) {
    while (datagram.size() >= sizeof(nlmsghdr) && progress == Progress::more) {
      const auto header = read<nlmsghdr>(datagram);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) {
        error = EBADMSG;
        progress = Progress::done;
        return;
      }
      take_message(header, datagram.first(header.nlmsg_len).subspan(sizeof header), take);
      datagram =
          datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
  }
};

bool send_request(int socket, std::uint16_t type, Octets request) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + request.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  const Octets head = octets_of(header);
  std::vector<std::uint8_t> message(head.begin(), head.end());
  message.insert(message.end(), request.begin(), request.end());
  return send(socket, message.data(), message.size(), 0) == static_cast<ssize_t>(message.size());
}

// On a socket of its own, so that nothing of an earlier listing is read.
int list(int protocol, std::uint16_t type, Octets request,
         const std::function<void(Octets)>& take) {
  const FileDescriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!netlink.is_open()) return errno;
  setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerWait, sizeof kAnswerWait);
  if (!send_request(netlink.get(), type, request)) return errno;
  std::vector<std::uint8_t> buffer(kDatagramOctets);
  Listing listing;
  while (listing.progress == Progress::more) {
    const ssize_t got = recv(netlink.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    listing.take_datagram(Octets(buffer).first(static_cast<std::size_t>(got)), take);
  }
  return listing.error;
}

}  // namespace

Octets attribute(Octets message, std::size_t fixed_part, std::uint16_t type) {
  Octets rest = message.subspan(std::min<std::size_t>(NLMSG_ALIGN(fixed_part), message.size()));
  while (rest.size() >= sizeof(nlattr)) {
    const auto header = read<nlattr>(rest);
    if (header.nla_len < sizeof header || header.nla_len > rest.size()) break;
    if ((header.nla_type & NLA_TYPE_MASK) == type)
      return rest.first(header.nla_len).subspan(sizeof header);
    const auto length = static_cast<std::size_t>(NLA_ALIGN(header.nla_len));
    rest = rest.subspan(std::min(length, rest.size()));
  }
  return {};
}

Result<void> dump(int protocol, std::uint16_t type, Octets request,
                  const std::function<void()>& restart, const std::function<void(Octets)>& take) {
  int error = EINTR;
  for (int attempt = 0; attempt < kAttempts && error == EINTR; ++attempt) {
    restart();
    error = list(protocol, type, request, take);
  }
  if (error != 0) return fail_errno("netlink listing", error);
  return {};
}

}  // namespace egress::host
