#include "adapters/dns_listener/tcp_connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "egress/core/limits.hpp"

namespace egress::dns_listener {
namespace {

constexpr std::size_t kChunkOctets = 8 << 10;  // read at once

bool is_temporary(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

TcpConnection::TcpConnection(FileDescriptor socket, const Client& client, DnsListener::Tally& tally,
                             Instant now)
    : socket_(std::move(socket)), client_(client), tally_(&tally), progress_(now) {}

TcpConnection::~TcpConnection() {
  tally_->dropped += unsent_replies_;
}

bool TcpConnection::reads() const {
  return !is_broken_ && !is_read_closed_ && under_way_ < limits::kDnsPipelined;
}

std::uint32_t TcpConnection::interest() const {
  return (reads() ? EPOLLIN : 0U) | (unsent_.empty() ? 0U : EPOLLOUT);
}

bool TcpConnection::is_over() const {
  return is_broken_ || (is_read_closed_ && under_way_ == 0 && unsent_.empty());
}

// A client that waits for us is given longer: its answer may be slow. It is not given for ever, for
// what is no question is never answered.
Instant TcpConnection::deadline() const {
  if (awaits_send_) return kNever;
  const bool is_our_turn = under_way_ > 0 && unsent_.empty() && !(frame_.is_begun() && reads());
  return progress_ + (is_our_turn ? limits::kDnsAnswerWithin : limits::kDnsIdle);
}

void TcpConnection::receive(Instant now, const DnsListener::OnMessage& on_message) {
  if (!reads()) return;
  std::array<std::uint8_t, kChunkOctets> chunk;
  const ssize_t got = recv(fd(), chunk.data(), chunk.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) {
    is_read_closed_ = got == 0;
    is_broken_ = got < 0 && !is_temporary(errno);
    return;
  }
  const auto stream = std::span(chunk).first(static_cast<std::size_t>(got));
  const std::size_t taken = take(stream, now, on_message);
  if (recv(fd(), chunk.data(), taken, MSG_TRUNC | MSG_DONTWAIT) != static_cast<ssize_t>(taken))
    is_broken_ = true;
}

std::size_t TcpConnection::take(std::span<const std::uint8_t> stream, Instant now,
                                const DnsListener::OnMessage& on_message) {
  std::size_t taken = 0;
  std::size_t frames = 0;
  while (taken < stream.size() && frames < kFramesPerTurn && reads()) {
    if (!frame_.is_begun()) progress_ = now;
    taken += frame_.take(stream.subspan(taken));
    if (frame_.is_too_short()) is_broken_ = true;
    if (is_broken_ || !frame_.is_whole()) continue;
    progress_ = now;
    ++frames;
    ++under_way_;
    ++tally_->received;
    on_message(client_, frame_.message());
    frame_.clear();
  }
  return taken;
}

bool TcpConnection::has_room_for(std::span<const std::uint8_t> message) const {
  return unsent_.size() + kLengthOctets + message.size() <= limits::kDnsUnsentBytes;
}

// The first answer to wait begins a wait of its own; more room is made before giving up on the
// client.
void TcpConnection::queue(std::span<const std::uint8_t> message) {
  if (under_way_ > 0) --under_way_;
  awaits_send_ = true;
  if (unsent_.empty()) made_progress_ = true;
  if (!has_room_for(message)) write();
  ++unsent_replies_;
  if (!has_room_for(message)) is_broken_ = true;
  if (is_broken_) return;
  unsent_.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  unsent_.push_back(static_cast<std::uint8_t>(message.size()));
  unsent_.insert(unsent_.end(), message.begin(), message.end());
}

void TcpConnection::send(Instant now) {
  write();
  if (made_progress_) progress_ = now;
  made_progress_ = awaits_send_ = false;
}

void TcpConnection::write() {
  std::span<const std::uint8_t> left = unsent_;
  while (!left.empty() && !is_broken_) {
    const ssize_t sent = ::send(fd(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      is_broken_ = errno != EAGAIN;
      break;
    }
    made_progress_ = true;
    left = left.subspan(static_cast<std::size_t>(sent));
  }
  if (left.empty()) tally_->sent += std::exchange(unsent_replies_, 0);
  unsent_.erase(unsent_.begin(), unsent_.end() - static_cast<std::ptrdiff_t>(left.size()));
}

}  // namespace egress::dns_listener
