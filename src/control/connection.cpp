#include "control/connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "egress/core/limits.hpp"

namespace egress::control {
namespace {

constexpr std::size_t kChunkBytes = 16 << 10;  // one receive: bounds what a client gets per turn
constexpr std::size_t kSentAtOnce = 128 << 10;

bool is_temporary(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

Connection::Connection(Descriptor socket, Peer peer, Instant now)
    : socket_(std::move(socket)), peer_(std::move(peer)), deadline_(now + limits::kClientIdle) {}

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
  outgoing_ = std::move(line);
  begin_to_send(now, is_last);
}

void Connection::reply(Descriptor file, std::size_t size, Instant now) {
  outgoing_ = {};
  file_ = std::move(file);
  file_left_ = size;
  begin_to_send(now, false);
}

void Connection::begin_to_send(Instant now, bool is_last) {
  incoming_ = {};
  sent_ = 0;
  is_last_ = is_last;
  state_ = State::sending;
  deadline_ = now + limits::kClientIdle;
  send(now);
}

// The next part of the file.
bool Connection::refill() {
  outgoing_.resize(std::min(file_left_, kSentAtOnce));
  sent_ = 0;
  ssize_t got = 0;
  do got = read(file_.get(), outgoing_.data(), outgoing_.size());
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  outgoing_.resize(static_cast<std::size_t>(got));
  file_left_ -= outgoing_.size();
  return true;
}

// Never more than a part, so that a client that takes as fast as we give holds up nobody.
void Connection::send(Instant now) {
  for (std::size_t may = kSentAtOnce; unsent() > 0 && may > 0;) {
    if (sent_ == outgoing_.size() && !refill()) {
      state_ = State::closed;
      return;
    }
    const std::size_t part = std::min(outgoing_.size() - sent_, may);
    const ssize_t sent = ::send(fd(), outgoing_.data() + sent_, part, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      if (errno != EAGAIN) state_ = State::closed;
      return;
    }
    sent_ += static_cast<std::size_t>(sent);
    may -= static_cast<std::size_t>(sent);
  }
  if (unsent() > 0) return;
  outgoing_ = {};
  file_ = {};
  sent_ = 0;
  state_ = is_last_ ? State::closed : State::receiving;
  deadline_ = now + limits::kClientIdle;
}

}  // namespace egress::control
