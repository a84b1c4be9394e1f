// What a program on the host under control meets when it tries to reach something.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

#include "support/address.hpp"

namespace egress::test {

using namespace std::chrono_literals;

enum class Seen {
  answered,  // connected, or an answer came back
  refused,   // an error at once: reset, or prohibited by an ICMP error
  silence,   // nothing until the patience ended
  no_route,  // ENETUNREACH
};
std::ostream& operator<<(std::ostream& out, Seen seen);

inline constexpr auto kPatience = 1500ms;

// Connects to address:port from inside `netns` and closes again.
Seen tcp_probe(const std::string& netns, const std::string& address, std::uint16_t port);
// Sends one datagram and waits for one back.
Seen udp_probe(const std::string& netns, const std::string& address, std::uint16_t port);
// One echo request, as ping sends it.
Seen ping_probe(const std::string& netns, const std::string& address);

// A TCP connection that stays, made inside `netns`.
class Connection {
 public:
  Connection(const std::string& netns, const std::string& address, std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Bytes received within the time; stops early at the end of the connection.
  std::size_t receive_for(std::chrono::milliseconds duration);
  // Whether the peer or the firewall has ended it: seen by receive_for().
  bool is_dead() const { return is_dead_; }

 private:
  int socket_ = -1;
  bool is_dead_ = false;
};

}  // namespace egress::test
