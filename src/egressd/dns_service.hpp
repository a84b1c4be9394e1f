// The DNS guard on its sockets, beside the engine.
#pragma once

#include <functional>
#include <optional>

#include "adapters/dns_listener/dns_listener.hpp"
#include "adapters/dns_listener/socket_owner.hpp"
#include "egress/guard/guard.hpp"
#include "egressd/enforcer.hpp"

namespace egress::daemon {

class DnsService {
 public:
  // Bound before privileges are dropped: programs without rights must not be able to take the port
  // while egressd is away.
  static Result<dns_listener::DnsListener> listen(std::function<DnsService*()> service);

  DnsService(dns_listener::DnsListener listener, dns_listener::SocketOwner owners,
             Enforcer& enforcer);

  int fd() const { return listener_.fd(); }
  void dispatch();
  void on_ask(const dns::Question& question) { guard_.on_ask(question); }
  // An answer of the resolvers, on its way into the engine.
  void on_answer(dns::Answer answer);
  // After the turn's commit: answers go out.
  void settle();
  Instant next_deadline() const;

  // Whether questions are answered: the policy says `dns: guard`, and enforces.
  bool is_on() const;
  const guard::Journal& journal() const { return guard_.journal(); }
  std::size_t waiting() const { return guard_.waiting(); }

 private:
  void take(const guard::Client& client, std::span<const std::uint8_t> message);

  dns_listener::DnsListener listener_;
  dns_listener::SocketOwner owners_;
  Enforcer& enforcer_;
  guard::Guard guard_;
};

}  // namespace egress::daemon
