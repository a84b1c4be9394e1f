// The TCP side of the listener: accepts clients within the limits, and cuts off those that are idle
// or slow.
#pragma once

#include <unordered_map>
#include <vector>

#include "adapters/dns_listener/dns_listener.hpp"
#include "adapters/dns_listener/tcp_connection.hpp"
#include "adapters/dns_listener/tcp_places.hpp"
#include "adapters/file_descriptor.hpp"

namespace egress::dns_listener {

class TcpServer {
 public:
  // Owns the listening sockets; the rest is the caller's and outlives this. start() must succeed
  // before anything else.
  TcpServer(std::vector<FileDescriptor> listeners, const DnsListener::OnMessage& on_message,
            DnsListener::OwnerOf owner_of, DnsListener::Tally& tally);
  Result<void> start();

  int fd() const { return epoll_.get(); }
  Instant next_deadline() const;
  void dispatch(Instant now);
  void reply(const Client& client, std::span<const std::uint8_t> message);
  void flush(Instant now);

 private:
  // In epoll_event::data and Client::handle. Listeners have the numbers below their count;
  // connections count on from there, and no number is used twice.
  using Id = std::uint64_t;

  void accept_clients(const FileDescriptor& listener, Instant now);
  void admit(FileDescriptor socket, const Client& client, Instant now);
  void make_room_for(const Holder& newcomer);
  void watch_listeners(bool is_on);
  void serve(Id id, std::uint32_t events, Instant now);
  void settle(Id id);
  void cut_off_late(Instant now);

  struct Served {
    Served(FileDescriptor socket, const Client& client, const Holder& whose,
           DnsListener::Tally& tally, Instant now)
        : connection(std::move(socket), client, tally, now), holder(whose) {}
    TcpConnection connection;
    Holder holder;
    std::uint32_t interest = 0;  // what epoll was told
  };
  std::vector<FileDescriptor> listeners_;
  const DnsListener::OnMessage& on_message_;
  DnsListener::OwnerOf owner_of_;
  DnsListener::Tally& tally_;
  FileDescriptor epoll_;
  std::unordered_map<Id, Served> connections_;
  Id next_id_;
  std::vector<Id> queued_;         // connections whose replies await flush()
  std::vector<Id> flushing_;       // queued_, while flush() works on it
  Instant accept_again_ = kNever;  // out of descriptors until then
  // No connection is late before then; some may have got more time since.
  Instant first_late_ = kNever;
};

}  // namespace egress::dns_listener
