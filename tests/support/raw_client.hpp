// A client of the control socket that does only what it is told, without ever blocking.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/descriptor.hpp"
#include "control/unix_socket.hpp"

namespace egress::test {

class RawClient {
 public:
  explicit RawClient(const std::string& path)
      : socket_(std::move(control::connect_to(path).socket)) {}
  // False where the queue of connections was full.
  bool is_connected() const { return static_cast<bool>(socket_); }
  bool send(std::string_view text) const { return send_some(text) == text.size(); }
  // How much of it the socket took.
  std::size_t send_some(std::string_view text) const {
    const auto sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void shut_down_sending() const { shutdown(socket_.get(), SHUT_WR); }
  void leave() { socket_ = control::Descriptor(); }
  // Takes what is there. Afterwards lines() may have grown and is_ended() be true.
  void read() {
    std::array<char, 65536> chunk;
    for (ssize_t got = 0;
         (got = recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT)) >= 0;) {
      if (got == 0) {
        is_ended_ = true;
        return;
      }
      text_.append(chunk.data(), static_cast<std::size_t>(got));
    }
    if (errno != EAGAIN) is_ended_ = true;
  }
  bool is_ended() const { return is_ended_; }
  bool has_line() const { return text_.ends_with('\n'); }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (std::size_t start = 0, end = 0; (end = text_.find('\n', start)) != std::string::npos;
         start = end + 1) {
      lines.push_back(text_.substr(start, end + 1 - start));
    }
    return lines;
  }

 private:
  control::Descriptor socket_;
  std::string text_;
  bool is_ended_ = false;
};

}  // namespace egress::test
