#include "adapters/dns_listener/datagram_reader.hpp"

#include <algorithm>

#include "adapters/dns_listener/frame.hpp"

namespace egress::dns_listener {
namespace {

constexpr std::size_t kDatagramOctets = 4096;  // a question with every option known is far shorter

}  // namespace

DatagramHandle DatagramHandle::of(const Client& client) {
  return {static_cast<std::uint32_t>(client.handle >> 32),
          static_cast<std::uint32_t>(client.handle)};
}

std::uint64_t DatagramHandle::pack() const {
  return std::uint64_t{socket} << 32 | interface;
}

DatagramReader::DatagramReader() : octets_(kBatch * kDatagramOctets) {
  for (std::size_t i = 0; i < kBatch; ++i)
    slots_[i].octets = {octets_.data() + i * kDatagramOctets, kDatagramOctets};
}

// The kernel has overwritten the lengths of the last time.
void DatagramReader::reset(std::size_t slot) {
  msghdr& header = messages_[slot].msg_hdr;
  header.msg_name = slots_[slot].from.get();
  header.msg_namelen = SocketAddress::room();
  header.msg_iov = &slots_[slot].octets;
  header.msg_iovlen = 1;
  header.msg_control = slots_[slot].info.data();
  header.msg_controllen = PacketInfo::room();
}

std::size_t DatagramReader::receive(int fd, std::size_t most) {
  most = std::min(most, kBatch);
  for (std::size_t i = 0; i < most; ++i) reset(i);
  const int count =
      recvmmsg(fd, messages_.data(), static_cast<unsigned>(most), MSG_DONTWAIT, nullptr);
  received_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  return received_;
}

bool DatagramReader::read(std::size_t slot, Client& client) {
  msghdr& header = messages_[slot].msg_hdr;
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return false;
  if (messages_[slot].msg_len < kHeaderOctets) return false;
  const auto arrival = PacketInfo::get(header);
  if (!arrival) return false;
  client.address = slots_[slot].from.address();
  client.port = slots_[slot].from.port();
  client.local = arrival->local;
  client.handle |= arrival->interface;
  return true;
}

void DatagramReader::hand_over(std::uint32_t socket, const DnsListener::OnMessage& on_message,
                               DnsListener::Tally& tally) {
  for (std::size_t i = 0; i < received_; ++i) {
    Client client;
    client.handle = DatagramHandle{socket, 0}.pack();
    if (!read(i, client)) {
      ++tally.dropped;
      continue;
    }
    ++tally.received;
    const auto* octets = static_cast<const std::uint8_t*>(slots_[i].octets.iov_base);
    on_message(client, {octets, messages_[i].msg_len});
  }
}

}  // namespace egress::dns_listener
