// The datagrams that wait to leave through one socket, sent many with one call.
#pragma once

#include <sys/socket.h>

#include <array>
#include <span>
#include <vector>

#include "adapters/dns_listener/dns_listener.hpp"
#include "adapters/dns_listener/packet_info.hpp"
#include "adapters/dns_listener/socket_address.hpp"

namespace egress::dns_listener {

class DatagramWriter {
 public:
  // The socket and the tally stay the caller's.
  DatagramWriter(int fd, int domain, DnsListener::Tally& tally);

  // Sends what waits first when there is no more room.
  void queue(const Client& client, std::span<const std::uint8_t> message);
  // Sends what the socket takes and drops the rest.
  void send();

 private:
  static constexpr std::size_t kBatch = 64;
  struct Reply {
    Client client;
    std::size_t offset = 0;  // in octets_
    std::size_t length = 0;
  };
  struct Slot {
    SocketAddress to;
    PacketInfo info;
    iovec octets{};
  };
  std::size_t send_batch(std::span<const Reply> replies);
  void prepare(std::size_t slot, const Reply& reply);

  int fd_;
  int domain_;
  DnsListener::Tally* tally_;
  std::vector<std::uint8_t> octets_;  // of all replies, end to end; keeps its room
  std::vector<Reply> replies_;
  std::array<Slot, kBatch> slots_;
  std::array<mmsghdr, kBatch> messages_{};
};

}  // namespace egress::dns_listener
