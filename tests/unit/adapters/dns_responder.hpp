// A DNS server on loopback that says exactly what a test wants, over UDP and TCP, in a thread of
// its own.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "unit/adapters/dns_message.hpp"

namespace egress::test {

class DnsResponder {
 public:
  enum class Over { udp, tcp };
  // From a query to the messages to send back, in order; none: silence, over TCP
  // the end of the connection. Called in the responder's
  // thread.
  using Script = std::function<std::vector<Octets>(const Octets& query, Over over)>;

  DnsResponder(const std::string& address, std::uint16_t port, Script script);
  ~DnsResponder();
  DnsResponder(const DnsResponder&) = delete;

  int udp_queries() const { return udp_queries_; }
  int tcp_queries() const { return tcp_queries_; }

 private:
  void serve();
  void answer_udp();
  void answer_tcp();

  Script script_;
  int udp_ = -1;
  int tcp_ = -1;
  int stop_ = -1;  // eventfd
  std::atomic<int> udp_queries_ = 0;
  std::atomic<int> tcp_queries_ = 0;
  std::thread thread_;
};

}  // namespace egress::test
