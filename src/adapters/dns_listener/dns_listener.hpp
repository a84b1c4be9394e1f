// The sockets of the DNS guard: UDP and TCP, IPv4 and IPv6, on one port. Datagrams are taken and
// answered in bulk (recvmmsg, sendmmsg); a reply leaves from the address that was asked. Over TCP a
// connection may have several questions under way, answered in any order (RFC 7766).
//
// Belongs to one thread. The caller waits for fd() to be readable or next_deadline(), calls
// dispatch(), and flush() once per turn of its loop.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "egress/core/ip_address.hpp"
#include "egress/core/result.hpp"
#include "egress/core/time.hpp"
#include "egress/guard/client.hpp"

namespace egress::dns_listener {

using guard::Client;

class DnsListener {
 public:
  // Called out of dispatch(), and may call reply(). The message is valid during the call; it has at
  // least the twelve octets of a header, everything shorter is dropped (TCP: the client is cut
  // off). Over TCP each message must get its reply: one that gets none counts as under way until
  // the connection is cut off after limits::kDnsAnswerWithin.
  using OnMessage = std::function<void(const Client&, std::span<const std::uint8_t>)>;

  // The user whose accepted connection it is, where that is a program of this host. Without this
  // function none is.
  using OwnerOf = std::function<std::optional<uid_t>(int connection, const Client&)>;

  // Takes over bound sockets (from systemd: datagram and listening stream sockets, in any order).
  // All are closed when one of them will not do.
  static Result<DnsListener> adopt(std::vector<int> descriptors, OnMessage on_message,
                                   OwnerOf owner_of = {});
  // Binds :: and 0.0.0.0 itself. Where the host has no IPv6, IPv4 alone.
  static Result<DnsListener> open(Port port, OnMessage on_message, OwnerOf owner_of = {});
  DnsListener(DnsListener&&) noexcept;
  DnsListener& operator=(DnsListener&&) noexcept;
  ~DnsListener();

  int fd() const;                 // an epoll descriptor
  Instant next_deadline() const;  // when idle or slow TCP clients may have to be cut off
  // Hands over what has arrived, at most limits::kDatagramsPerTurn datagrams, so that answers are
  // not kept waiting.
  void dispatch(Instant now);
  // Queues the message; sent by flush(). Never blocks: what a full socket does not take is dropped
  // (UDP) or kept up to a limit (TCP, then the connection is cut).
  void reply(const Client& client, std::span<const std::uint8_t> message);
  void flush(Instant now);

  struct Tally {
    // Messages: handed over; taken by the kernel; not handed over, or replies not sent.
    std::uint64_t received = 0, sent = 0, dropped = 0;
    std::uint64_t connections = 0, evicted = 0;  // TCP: taken; cut off to make room for others
  };
  const Tally& tally() const;

 private:
  class State;
  explicit DnsListener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace egress::dns_listener
