// Takes datagrams off a socket, many with one call. One serves all sockets in turn.
#pragma once

#include <sys/socket.h>

#include <array>
#include <vector>

#include "adapters/dns_listener/dns_listener.hpp"
#include "adapters/dns_listener/packet_info.hpp"
#include "adapters/dns_listener/socket_address.hpp"

namespace egress::dns_listener {

// Client::handle of a datagram.
struct DatagramHandle {
  std::uint32_t socket = 0;
  std::uint32_t interface = 0;

  static DatagramHandle of(const Client& client);
  std::uint64_t pack() const;
};

class DatagramReader {
 public:
  static constexpr std::size_t kBatch = 64;

  DatagramReader();
  DatagramReader(const DatagramReader&) = delete;
  DatagramReader& operator=(const DatagramReader&) = delete;

  // Takes up to `most` (at most kBatch) datagrams off the socket; how many there were.
  std::size_t receive(int fd, std::size_t most);
  // Hands over the datagrams of the last receive(), which came from the socket of that index.
  // Dropped: what is longer than any question, and what is too short for a header.
  void hand_over(std::uint32_t socket, const DnsListener::OnMessage& on_message,
                 DnsListener::Tally& tally);

 private:
  struct Slot {
    SocketAddress from;
    PacketInfo info;
    iovec octets{};
  };
  void reset(std::size_t slot);
  bool read(std::size_t slot, Client& client);

  std::vector<std::uint8_t> octets_;
  std::array<Slot, kBatch> slots_;
  std::array<mmsghdr, kBatch> messages_{};
  std::size_t received_ = 0;
};

}  // namespace egress::dns_listener
