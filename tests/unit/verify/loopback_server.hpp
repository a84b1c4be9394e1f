// A DNS server on loopback that says what a test wants.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>
#include <vector>

#include "egress/core/ip_address.hpp"

namespace egress::probe {

using Bytes = std::vector<std::uint8_t>;

// Takes one connection and one question, and hands both to `talk`.
class OneShotServer {
 public:
  using Talk = std::function<void(int connection, const Bytes& question)>;

  explicit OneShotServer(Talk talk) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof here;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&here), length), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &length);
    port_ = ntohs(here.sin_port);
    thread_ = std::jthread([this, talk = std::move(talk)] { serve(talk); });
  }
  ~OneShotServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  Port port() const { return port_; }

 private:
  void serve(const Talk& talk) const {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    Bytes question(512);
    const auto size = ::recv(connection, question.data(), question.size(), 0);
    question.resize(size < 2 ? 0 : static_cast<std::size_t>(size));
    if (!question.empty()) talk(connection, Bytes(question.begin() + 2, question.end()));
    ::close(connection);
  }

  int listener_;
  Port port_ = 0;
  std::jthread thread_;
};

inline void put(int connection, const Bytes& bytes) {
  (void)::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

inline Bytes framed(const Bytes& message) {
  Bytes out{static_cast<std::uint8_t>(message.size() >> 8),
            static_cast<std::uint8_t>(message.size())};
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

// Answers each datagram at this port, until it is gone.
class UdpResponder {
 public:
  using Answer = std::function<Bytes(Bytes question)>;

  UdpResponder(Port port, Answer answer)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(port);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    thread_ = std::jthread([this, answer = std::move(answer)] { serve(answer); });
  }
  ~UdpResponder() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

 private:
  void serve(const Answer& answer) const {
    for (;;) {
      Bytes question(512);
      sockaddr_in client{};
      socklen_t length = sizeof client;
      const auto size = ::recvfrom(socket_, question.data(), question.size(), 0,
                                   reinterpret_cast<sockaddr*>(&client), &length);
      if (size <= 0) return;
      question.resize(static_cast<std::size_t>(size));
      const Bytes reply = answer(question);
      (void)::sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&client),
                     length);
    }
  }

  int socket_;
  std::jthread thread_;
};

}  // namespace egress::probe
