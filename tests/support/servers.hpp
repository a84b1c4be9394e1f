// Servers for the internet of a Lab: each answers at every address, IPv4 and IPv6, in a thread of
// its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace egress::test {

using Bytes = std::vector<std::uint8_t>;

// Answers each datagram with what `handler` makes of it (nothing: silence), from the address that
// was asked. The handler runs in the server's thread.
class UdpServer {
 public:
  using Handler = std::function<std::optional<Bytes>(const Bytes&)>;
  UdpServer(const std::string& netns, std::uint16_t port, Handler handler);
  ~UdpServer();
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

 private:
  void serve();

  Handler handler_;
  int socket_ = -1;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

// Says the same again.
UdpServer::Handler echo();

// Always the same, whatever was asked.
UdpServer::Handler say(const std::string& text);

// Accepts connections and sends a piece on each ten times a second, without end: an open transfer.
class TcpServer {
 public:
  TcpServer(const std::string& netns, const std::vector<std::uint16_t>& ports,
            Bytes piece = Bytes(64));
  ~TcpServer();
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

 private:
  void serve();
  void accept_from(int listener);
  void send_to_all();

  Bytes piece_;
  std::vector<int> listeners_;
  std::vector<int> connections_;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace egress::test
