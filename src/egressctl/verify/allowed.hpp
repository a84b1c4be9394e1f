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
  std::optional<std::string> opener(const DnsName& name, Transport transport, Port port) const;
  // The target that allows this name, at whatever port.
  std::optional<std::string> opener(const DnsName& name) const;

 private:
  struct Opening {
    std::optional<Prefix> prefix;  // empty: the name itself, which stands for no address
    std::string host;              // a name, or a wildcard
    Transport transport = Transport::tcp;
    PortRange ports;
    std::string by;
  };
  void add(const control::ProvableEndpoint& endpoint);
  void add_resolver(const std::string& text);

  std::vector<Opening> openings_;
};

// The name under "*.example.com" or ".example.com"; empty for any other host.
std::optional<DnsName> wildcard_base(std::string_view host);
// "*.example.com" stands for the names below example.com, ".example.com" for that name too, any
// other host for itself.
bool covers(std::string_view host, const DnsName& name);

// A target as the daemon prints it: "tcp/host:443", "udp/[2001:db8::/32]:8000-8010", "esp/host".
// Empty when it is anything else.
struct TargetParts {
  Transport transport = Transport::tcp;
  std::string_view destination;  // without brackets
  PortRange ports;               // none: of a transport without ports
};
std::optional<TargetParts> split_target(std::string_view target);

// What people call an endpoint: its name, or its target where it has none.
inline const std::string& label_of(const control::ProvableEndpoint& endpoint) {
  return endpoint.host.empty() ? endpoint.target : endpoint.host;
}

// Whether programs' questions end at egressd's own DNS guard (`dns: guard`).
inline bool is_guarded(const control::ProofReply& proof) {
  return proof.dns == "guard";
}

// "10.0.0.2", "10.0.0.2:5353", "2001:db8::1", "[2001:db8::1]:5353".
std::optional<probe::Server> parse_resolver(std::string_view text);

}  // namespace egress::verify
