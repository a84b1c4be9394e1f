// A program that asks DNS questions from inside a network namespace, honestly or not.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "egress/core/own_key.hpp"
#include "support/dns_message.hpp"
#include "support/probe.hpp"

namespace egress::test {

enum class Over : std::uint8_t { udp, tcp };

struct DnsServerAddress {
  std::string address;
  Over over = Over::udp;
  std::uint16_t port = 53;
};

// How the client's socket is made.
struct ClientSocket {
  std::uint16_t source_port = 0;  // 0: any
  OwnKey key{0, 0};               // SO_MARK, SO_PRIORITY
  uid_t user = 0;                 // whose socket it is
};

// A connected socket. Over TCP messages have their length in front (RFC 1035 section 4.2.2).
class DnsSocket {
 public:
  // Throws where a UDP socket cannot be made; a TCP connection that is refused is seen by
  // is_open().
  DnsSocket(const std::string& netns, const DnsServerAddress& server, ClientSocket options = {});
  ~DnsSocket();
  DnsSocket(const DnsSocket&) = delete;
  DnsSocket& operator=(const DnsSocket&) = delete;

  bool is_open() const { return is_open_; }
  bool send(std::span<const std::uint8_t> message);
  // The next message; empty after the patience, an error or the connection's end.
  std::optional<DnsMessage> receive(std::chrono::milliseconds patience = kPatience);
  // Sends the question and waits for the message of its id.
  std::optional<DnsMessage> ask(const DnsQuestion& question,
                                std::chrono::milliseconds patience = kPatience);

 private:
  bool read_octets(std::span<std::uint8_t> out, std::chrono::milliseconds patience);

  const Over over_;
  int socket_ = -1;
  bool is_open_ = false;
};

// One question over a socket of its own.
std::optional<DnsMessage> ask(const std::string& netns, const DnsServerAddress& server,
                              const DnsQuestion& question, ClientSocket options = {});

}  // namespace egress::test
