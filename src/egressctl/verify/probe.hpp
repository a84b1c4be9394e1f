// What `verify` asks the network, and what it saw: plain values between planning, running and
// judging.
#pragma once

#include <optional>
#include <string>

#include "adapters/probe/dns_message.hpp"
#include "adapters/probe/observation.hpp"
#include "adapters/probe/payloads.hpp"
#include "adapters/probe/proxy.hpp"
#include "adapters/probe/udp.hpp"
#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"
#include "egressctl/verify/catalogue.hpp"

namespace egress::verify {

enum class Method {
  tcp,          // connect
  tls,          // connect and a handshake for `name`
  dns,          // one question over the endpoint's transport, for `name`
  ntp,          // one SNTP question
  ping,         // one ICMP echo request; the endpoint's transport and port mean nothing
  datagram,     // `payload` over UDP, once
  packet,       // `payload` over IP, as `protocol`; the endpoint's transport and port mean nothing
  fragment,     // a piece of a UDP datagram over IPv4: the first, or without a port a later one
  loopback,     // TCP to a listener of our own at this host's loopback address
  open_flow,    // a UDP flow whose far end we play ourselves, begun here
  answer_flow,  // or there
  bound,        // a datagram from `source`, which is not ours, by a socket bound to it
  spoofed,      // the same by a packet made by hand; either to port 0: to a port of our own
  error,        // an ICMP error about `flow`, to the end that began it
  http_proxy,   // whether the endpoint passes on, to `outsider`, what it is sent
  https_proxy,  // the same within TLS
  socks_proxy,
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
  std::string element;                                // what must work: what admits it
  bool is_optional = false;                           // a failure is a warning
  probe::Tries tries = probe::Tries::until_answered;  // once: of what must be refused
  probe::Payload payload{};
  std::uint8_t protocol = 0;
  std::optional<IpAddress> source{};          // bound, spoofed
  std::optional<Endpoint> flow{};             // error: the end here of a flow that was begun there
  std::optional<probe::Outsider> outsider{};  // of a proxy
  Port source_port = 0;                       // tcp, datagram, open_flow; 0: whichever is free

  Family family() const { return endpoint.address.family(); }
};

// "api.openai.com: TLS to tcp/192.0.2.1:443".
std::string describe(const Probe& probe);
// One that speaks of a name, as TLS and DNS do.
Probe probe_for(const DnsName& name);
// Where egressd sees the packets go: an IPv4-mapped address is one of IPv4.
Endpoint counted_endpoint(const Endpoint& endpoint);
// Whether egressd counts its packets by where they go; otherwise only among all that it refuses.
bool has_own_count(const Probe& probe);
// Whether it speaks in another's name.
inline bool is_disguised(const Probe& probe) {
  return probe.method == Method::bound || probe.method == Method::spoofed;
}
// Whether the answer that it waits for is this host's own, which shows nothing about the network.
bool is_within_host(const Probe& probe);
std::string_view text(Family family);      // "IPv4"
std::string without_route(Family family);  // as a row tells it

struct Trial {
  Probe probe;
  probe::Observation seen;
};
// Empty where nothing was sent.
std::optional<std::chrono::microseconds> latency(const Trial& trial);

}  // namespace egress::verify
