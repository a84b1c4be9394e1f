#include "adapters/dns_listener/datagram_writer.hpp"

#include <algorithm>
#include <cerrno>

#include "adapters/dns_listener/datagram_reader.hpp"

namespace egress::dns_listener {
namespace {

constexpr std::size_t kReplies = 1024;
constexpr std::size_t kOctets = 1 << 20;

}  // namespace

DatagramWriter::DatagramWriter(int fd, int domain, DnsListener::Tally& tally)
    : fd_(fd), domain_(domain), tally_(&tally) {}

void DatagramWriter::queue(const Client& client, std::span<const std::uint8_t> message) {
  if (replies_.size() == kReplies || octets_.size() + message.size() > kOctets) send();
  replies_.push_back({client, octets_.size(), message.size()});
  octets_.insert(octets_.end(), message.begin(), message.end());
}

void DatagramWriter::send() {
  std::span<const Reply> left = replies_;
  while (!left.empty()) {
    const auto batch = left.first(std::min(left.size(), kBatch));
    const std::size_t done = send_batch(batch);
    left = left.subspan(done);
    if (done < batch.size()) break;
  }
  tally_->dropped += left.size();
  replies_.clear();
  octets_.clear();
}

void DatagramWriter::prepare(std::size_t slot, const Reply& reply) {
  const Client& client = reply.client;
  const auto interface = DatagramHandle::of(client).interface;
  Slot& at = slots_[slot];
  at.to = SocketAddress(domain_, client.address, client.port, interface);
  at.octets = {octets_.data() + reply.offset, reply.length};
  msghdr& header = messages_[slot].msg_hdr;
  header.msg_name = at.to.get();
  header.msg_namelen = at.to.length();
  header.msg_iov = &at.octets;
  header.msg_iovlen = 1;
  at.info.put(header, domain_, {client.local, interface});
}

// How many are settled; fewer than all when the socket is full. Any other error is of one reply (no
// route, refused by a rule, too long), and the ones behind it go on.
std::size_t DatagramWriter::send_batch(std::span<const Reply> replies) {
  for (std::size_t i = 0; i < replies.size(); ++i) prepare(i, replies[i]);
  std::size_t done = 0;
  while (done < replies.size()) {
    const auto count = static_cast<unsigned>(replies.size() - done);
    const int sent = sendmmsg(fd_, messages_.data() + done, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      tally_->sent += static_cast<std::uint64_t>(sent);
      done += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      ++tally_->dropped;
      ++done;
    }
  }
  return done;
}

}  // namespace egress::dns_listener
