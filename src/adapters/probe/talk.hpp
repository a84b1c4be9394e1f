// A connection to talk on, in clear or within TLS.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/probe/deadline.hpp"
#include "adapters/probe/socket.hpp"
#include "adapters/probe/udp.hpp"

namespace egress::probe {

class Talk {
 public:
  virtual ~Talk() = default;
  virtual bool say(Datagram words, const Deadline& deadline) = 0;
  // Fewer octets than `count`: the other side ended, or the deadline has passed.
  virtual std::string hear(std::size_t count, const Deadline& deadline) = 0;
};
// A new connection to an endpoint. Empty: it did not come about.
using Dial = std::function<std::unique_ptr<Talk>(const Deadline& deadline)>;

class PlainTalk : public Talk {
 public:
  explicit PlainTalk(Socket socket) : socket_(std::move(socket)) {}  // a connected one
  bool say(Datagram words, const Deadline& deadline) override;
  std::string hear(std::size_t count, const Deadline& deadline) override;

 private:
  Socket socket_;
};

}  // namespace egress::probe
