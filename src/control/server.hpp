// The daemon's end of the control socket. Never blocks, whatever its clients do.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "control/connection.hpp"
#include "control/descriptor.hpp"
#include "control/messages.hpp"
#include "control/peer.hpp"
#include "egress/core/result.hpp"
#include "egress/core/time.hpp"

namespace egress::control {

using ClientId = std::uint64_t;  // never used twice

// Watch fd() for reading in the event loop and call dispatch() when it is readable and at
// next_deadline().
//
// Reading is open to every local user. A request that changes the policy is passed on only when its
// peer is root or in the group, one that can let everything pass only when it is root; all others
// are answered here. Bounds, all in core/limits.hpp:
// clients in all, per user and of those without a right, so that root and the group always get
// through, the length of a request, the time to send one and to take a reply,
// and the bytes of replies that wait to be taken. A client has one request at a time in the daemon;
// what it sends beyond that waits in its socket. Those who may not change the policy get together
// but a share of the daemon's time: after each of their requests the next one waits a while.
class Server {
 public:
  // Decoded, within the limits and authorised. The receiver owes one reply(), now or later.
  using OnRequest = std::function<void(ClientId, const Request&, const Peer&)>;

  // Time that passes, to tell what a request has cost.
  using Stopwatch = std::function<std::chrono::microseconds()>;

  // `listener`: from listen_at() or adopt_listener(). `group`: looked up at each change, so it may
  // be made later.
  static Result<Server> start(Descriptor listener, OnRequest on_request,
                              std::string group = "egress", Stopwatch stopwatch = {});

  int fd() const { return epoll_.get(); }
  Instant next_deadline() const;
  // Does all that is ready and cuts off clients whose time is up.
  void dispatch(Instant now);
  // A client that has left meanwhile is fine: the reply is dropped.
  void reply(ClientId id, const Reply& reply, Instant now);
  // The same with one that is encoded already: the next `size` bytes of the file.
  void reply(ClientId id, Descriptor file, std::size_t size, Instant now);
  // Whether a reply is owed to the client, and it has not left.
  bool awaits_reply(ClientId id) const;
  std::size_t clients() const { return connections_.size(); }

 private:
  Server(Descriptor epoll, Descriptor listener, OnRequest on_request, std::string group,
         Stopwatch stopwatch);
  void accept_clients(Instant now);
  void admit(Descriptor socket, Instant now);
  bool is_full_for(const Peer& peer) const;
  void serve(ClientId id, std::uint32_t events, Instant now);
  void receive(ClientId id, Instant now);
  void hold(ClientId id);
  void serve_held(Instant now);
  void charge(std::chrono::microseconds cost, Instant now);
  void handle(ClientId id, Instant now);
  void answer(ClientId id, const Reply& reply, Instant now, bool is_last);
  void settle(ClientId id);
  void watch_listener(bool is_on);
  Connection* waiting(ClientId id);
  bool has_room_for(std::size_t size, const Connection& connection) const;

  Descriptor epoll_;
  Descriptor listener_;
  OnRequest on_request_;
  std::string group_;
  Stopwatch stopwatch_;
  std::map<ClientId, Connection> connections_;
  ClientId next_id_ = 1;
  std::deque<ClientId> held_;  // readers whose turn has yet to come, in that order
  Instant readers_rest_until_{};
  std::chrono::microseconds rest_owed_{0};  // beside it, less than a millisecond
  Instant accept_again_ = kNever;  // set while the process has no descriptor left for a client
};

}  // namespace egress::control
