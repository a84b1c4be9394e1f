#include "control/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "egress/core/limits.hpp"

namespace egress::control {
namespace {

constexpr std::size_t kChunkBytes = 16 << 10;  // one receive: bounds what a client gets per turn

bool is_temporary(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

Connection::Connection(Descriptor socket, Peer peer, bool is_reader, Instant now)
    : socket_(std::move(socket)),
      peer_(std::move(peer)),
      is_reader_(is_reader),
      deadline_(now + limits::kClientIdle) {}

Instant Connection::deadline() const {
  return state_ == State::waiting ? kNever : deadline_;
}

std::size_t Connection::longest_request() const {
  return peer_.uid == 0 ? limits::kRootMessageBytes : limits::kMessageBytes;
}

// Looks before it takes, so that a request sent behind this one stays in the socket, where it
// presses back on the client and wakes us when its turn comes.
bool Connection::receive() {
  std::array<char, kChunkBytes> chunk;
  const ssize_t got = recv(fd(), chunk.data(), chunk.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) {
    if (got == 0 || !is_temporary(errno)) state_ = State::closed;
    return false;
  }
  const auto end = chunk.begin() + got;
  const auto newline = std::find(chunk.begin(), end, '\n');
  take(static_cast<std::size_t>((newline == end ? end : newline + 1) - chunk.begin()));
  if (state_ == State::closed) return false;
  const bool is_whole = newline != end || incoming_.size() > longest_request();
  if (is_whole) state_ = State::waiting;
  return is_whole;
}

void Connection::take(std::size_t length) {
  const std::size_t before = incoming_.size();
  incoming_.resize(before + length);
  if (recv(fd(), incoming_.data() + before, length, MSG_DONTWAIT) != static_cast<ssize_t>(length)) {
    state_ = State::closed;
  }
}

void Connection::reply(std::string line, Instant now, bool is_last) {
  incoming_ = {};
  outgoing_ = std::move(line);
  sent_ = 0;
  is_last_ = is_last;
  state_ = State::sending;
  deadline_ = now + limits::kClientIdle;
  send(now);
}

void Connection::send(Instant now) {
  while (unsent() > 0) {
    const ssize_t sent =
        ::send(fd(), outgoing_.data() + sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      if (errno != EAGAIN) state_ = State::closed;
      return;
    }
    sent_ += static_cast<std::size_t>(sent);
  }
  outgoing_ = {};
  sent_ = 0;
  state_ = is_last_ ? State::closed : State::receiving;
  deadline_ = now + limits::kClientIdle;
}

}  // namespace egress::control
