// What `verify` asks the network, and what it saw: plain values between planning, running and
// judging.
#pragma once

#include <optional>
#include <string>

#include "adapters/probe/dns_message.hpp"
#include "adapters/probe/observation.hpp"
#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"
#include "egressctl/verify/catalogue.hpp"

namespace egress::verify {

enum class Method {
  tcp,   // connect
  tls,   // connect and a handshake for `name`
  dns,   // one question over the endpoint's transport, for `name`
  ntp,   // one SNTP question
  ping,  // one ICMP echo request; the endpoint's transport and port mean nothing
};

// What egressd's DNS guard must make of a question, whoever it was meant for.
enum class GuardAnswer {
  addresses,  // it gives some
  refusal,    // it refuses the name, and says that it is egressd who does
  no_data,    // it tells nothing, whether the name is allowed or not
  no_inside,  // it gives no address for private use, loopback, link-local or cloud metadata
};

struct Probe {
  KindId kind;
  Method method = Method::tcp;
  Endpoint endpoint;
  std::string label;   // for people: "api.openai.com", "google.com by name"
  std::string target;  // what must work: probes of one target and family stand in for one another
  std::optional<DnsName> name;         // tls, dns
  std::uint16_t type = probe::kTypeA;  // dns
  std::optional<GuardAnswer> guard;    // dns; empty: whoever is at the endpoint answers
  bool allows_private = false;         // no_inside: what the policy opens for the name all the same
  bool allows_metadata = false;
  bool is_optional = false;  // a failure is a warning

  Family family() const { return endpoint.address.family(); }
};

// "api.openai.com: TLS to tcp/192.0.2.1:443".
std::string describe(const Probe& probe);
std::string_view text(Family family);  // "IPv4"

struct Trial {
  Probe probe;
  probe::Observation seen;
};
// Empty where nothing was sent.
std::optional<std::chrono::microseconds> latency(const Trial& trial);

}  // namespace egress::verify
