// One client of the server: its socket, the request that is coming in and the reply that is going
// out. Internal to the server.
#pragma once

#include <string>
#include <string_view>

#include "control/descriptor.hpp"
#include "control/peer.hpp"
#include "egress/core/time.hpp"

namespace egress::control {

class Connection {
 public:
  enum class State {
    receiving,  // until a whole line is there
    waiting,    // the daemon owes the reply
    sending,    // until the client has taken it
    closed,     // nothing more to do: to be destroyed
  };

  Connection(Descriptor socket, Peer peer, Instant now);

  int fd() const { return socket_.get(); }
  const Peer& peer() const { return peer_; }
  bool is_reader() const { return peer_.is_reader; }
  State state() const { return state_; }
  // When the client must be done with what it is doing; kNever while it is the daemon's turn.
  Instant deadline() const;
  // Bytes that the client has not taken yet.
  std::size_t unsent() const { return outgoing_.size() - sent_ + file_left_; }

  // The longest request that this client may send.
  std::size_t longest_request() const;
  // Takes what has arrived, never more than to the end of one line. True when request() is whole:
  // the state is then `waiting`. An overlong line is whole as soon as it is too long (longer than
  // longest_request()).
  bool receive();
  std::string_view request() const { return incoming_; }

  // Hands over the reply and sends what the socket takes. With `is_last` the connection closes
  // after it.
  void reply(std::string line, Instant now, bool is_last = false);
  // The same with a reply that stands in a file.
  void reply(Descriptor file, std::size_t size, Instant now);
  // Sends a part. Afterwards `sending`, `receiving` (all taken) or `closed`.
  void send(Instant now);

 private:
  void take(std::size_t length);
  void begin_to_send(Instant now, bool is_last);
  bool refill();

  Descriptor socket_;
  Peer peer_;
  State state_ = State::receiving;
  Instant deadline_;
  std::string incoming_;
  std::string outgoing_;
  std::size_t sent_ = 0;
  Descriptor file_;  // of which `outgoing_` is the part that is being sent
  std::size_t file_left_ = 0;
  bool is_last_ = false;
};

}  // namespace egress::control
