// One TCP connection with both of its ends in the test's hands.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace egress::test {

class TcpSession {
 public:
  // Somebody in `server` listens at the port, at every address, for as long as this lives; somebody
  // in `client` connects to it. Throws when nothing comes of it.
  TcpSession(const std::string& server, std::uint16_t port, const std::string& client,
             const std::string& address);
  ~TcpSession();
  TcpSession(const TcpSession&) = delete;
  TcpSession& operator=(const TcpSession&) = delete;

  // Whether what one end sends now gets to the other. Soon false where the sender's own host ends
  // the connection.
  bool client_is_heard() { return passes(client_, server_); }
  bool server_is_heard() { return passes(server_, client_); }
  // The ends' sockets, for more than that.
  int client() const { return client_; }
  int server() const { return server_; }

 private:
  bool passes(int from, int to);

  int listener_ = -1;
  int client_ = -1;
  int server_ = -1;
  std::uint8_t next_ = 0;
};

}  // namespace egress::test
