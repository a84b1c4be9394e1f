#include "adapters/probe/stream.hpp"

#include <poll.h>

#include <array>
#include <cerrno>
#include <vector>

#include "adapters/probe/tcp.hpp"

namespace egress::probe {

namespace {

constexpr std::size_t kPrefix = 2;

std::vector<std::uint8_t> framed(Datagram message) {
  std::vector<std::uint8_t> out{static_cast<std::uint8_t>(message.size() >> 8),
                                static_cast<std::uint8_t>(message.size())};
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

// Takes the whole messages from the front of what was received; true when one was accepted.
bool take_messages(std::vector<std::uint8_t>& received, const Accepts& accepts) {
  while (received.size() >= kPrefix) {
    const auto size = static_cast<std::size_t>(received[0] << 8 | received[1]);
    if (received.size() < kPrefix + size) return false;
    if (accepts(Datagram(received).subspan(kPrefix, size))) return true;
    received.erase(received.begin(),
                   received.begin() + static_cast<std::ptrdiff_t>(kPrefix + size));
  }
  return false;
}

Outcome receive(const Socket& socket, const Accepts& accepts, const Deadline& deadline) {
  std::vector<std::uint8_t> received;
  std::array<std::uint8_t, 4096> chunk;
  while (!deadline.passed() && wait(socket, POLLIN, deadline) != 0) {
    const auto size = ::recv(socket.fd(), chunk.data(), chunk.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) return Outcome::wrong_answer;
    received.insert(received.end(), chunk.begin(), chunk.begin() + size);
    if (take_messages(received, accepts)) return Outcome::reached;
  }
  return Outcome::timeout;
}

}  // namespace

Observation exchange_stream(const Remote& to, Datagram message, const Accepts& accepts, Tries tries,
                            const Deadline& deadline) {
  const Connection connection = connect_tcp(to, connect_deadline(tries, deadline));
  Observation seen = connection.observation;
  if (seen.outcome != Outcome::reached) return seen;
  const bool is_sent = send(connection.socket, framed(message)) == 0;
  seen.outcome = is_sent ? receive(connection.socket, accepts, deadline) : Outcome::wrong_answer;
  seen.elapsed = deadline.elapsed();
  if (seen.outcome == Outcome::wrong_answer) seen.detail = "the connection ended without an answer";
  return seen;
}

}  // namespace egress::probe
