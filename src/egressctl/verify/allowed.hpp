// What the daemon says it allows, asked the other way round: does anything open this endpoint?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/probe/dns.hpp"
#include "control/messages.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::verify {

class Allowed {
 public:
  explicit Allowed(const control::ProofReply& proof);

  // The target, or "resolver 10.0.0.2", that opens the endpoint; empty when nothing does.
  std::optional<std::string> opener(const Endpoint& endpoint) const;
  // The target that opens this port of this name, whatever its addresses are just now.
  std::optional<std::string> opener(std::string_view host, Transport transport, Port port) const;

 private:
  struct Opening {
    std::optional<Prefix> prefix;  // empty: the name itself, which stands for no address
    std::string host;
    Transport transport = Transport::tcp;
    PortRange ports;
    std::string by;
  };
  void add(const control::ProvableEndpoint& endpoint);
  void add_resolver(const std::string& text);

  std::vector<Opening> openings_;
};

// A target as the daemon prints it: "tcp/host:443", "udp/[2001:db8::/32]:8000-8010". Empty when it
// is anything else.
struct TargetParts {
  Transport transport = Transport::tcp;
  std::string_view destination;  // without brackets
  PortRange ports;
};
std::optional<TargetParts> split_target(std::string_view target);

// "10.0.0.2", "10.0.0.2:5353", "2001:db8::1", "[2001:db8::1]:5353".
std::optional<probe::Server> parse_resolver(std::string_view text);

}  // namespace egress::verify
