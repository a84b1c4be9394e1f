#include "adapters/probe/talk.hpp"

#include <poll.h>

#include <cerrno>

namespace egress::probe {

bool PlainTalk::say(Datagram words, const Deadline& deadline) {
  while (!words.empty()) {
    const auto sent = ::send(socket_.fd(), words.data(), words.size(), MSG_NOSIGNAL);
    if (sent > 0) words = words.subspan(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent < 0 && wait(socket_, POLLOUT, deadline) == 0) return false;
  }
  return true;
}

std::string PlainTalk::hear(std::size_t count, const Deadline& deadline) {
  std::string heard;
  while (heard.size() < count) {
    std::string chunk(count - heard.size(), '\0');
    const auto got = ::recv(socket_.fd(), chunk.data(), chunk.size(), 0);
    if (got > 0) heard.append(chunk, 0, static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) break;
    if (got < 0 && wait(socket_, POLLIN, deadline) == 0) break;
  }
  return heard;
}

}  // namespace egress::probe
