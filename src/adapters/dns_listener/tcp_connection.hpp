// One TCP client: questions in, answers out in any order.
#pragma once

#include <span>
#include <vector>

#include "adapters/dns_listener/dns_listener.hpp"
#include "adapters/dns_listener/frame.hpp"
#include "adapters/file_descriptor.hpp"

namespace egress::dns_listener {

// Of one connection in one turn of the loop, so that it cannot starve the others.
inline constexpr std::size_t kFramesPerTurn = 16;

class TcpConnection {
 public:
  TcpConnection(FileDescriptor socket, const Client& client, DnsListener::Tally& tally,
                Instant now);
  // Replies that were never taken count as dropped.
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  int fd() const { return socket_.get(); }
  const Client& client() const { return client_; }

  // Hands over whole messages. Reads no more than is wanted: what follows stays in the socket,
  // where it presses back on the client and wakes us when its turn comes.
  void receive(Instant now, const DnsListener::OnMessage& on_message);
  // Queues the answer to one of the questions under way; send() must follow.
  void queue(std::span<const std::uint8_t> message);
  void send(Instant now);

  bool awaits_send() const { return awaits_send_; }
  bool is_asking() const { return under_way_ > 0; }
  Instant progress() const { return progress_; }
  // Nothing more will come of it: it can be destroyed.
  bool is_over() const;
  // When it is cut off.
  Instant deadline() const;
  // epoll events to wait for; errors and hang-ups come unasked.
  std::uint32_t interest() const;

 private:
  bool reads() const;
  bool has_room_for(std::span<const std::uint8_t> message) const;
  std::size_t take(std::span<const std::uint8_t> stream, Instant now,
                   const DnsListener::OnMessage& on_message);
  void write();

  FileDescriptor socket_;
  Client client_;
  DnsListener::Tally* tally_;
  Instant progress_;  // the last step of an honest client; single octets of a question are none
  Frame frame_;       // the question that is being read
  std::size_t under_way_ = 0;         // questions handed over and not answered
  std::vector<std::uint8_t> unsent_;  // answers, framed, that the socket has not taken
  std::size_t unsent_replies_ = 0;
  bool awaits_send_ = false;
  bool made_progress_ = false;  // since the last send()
  bool is_read_closed_ = false;
  bool is_broken_ = false;
};

}  // namespace egress::dns_listener
