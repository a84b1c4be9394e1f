#include "egressctl/verify/probe.hpp"

namespace egress::verify {

namespace {

std::string_view verb(Method method) {
  switch (method) {
    case Method::tcp:
      return "connect to ";
    case Method::tls:
      return "TLS to ";
    case Method::dns:
      return "DNS from ";
    case Method::ntp:
      return "NTP from ";
    case Method::ping:
      return "ping ";
    case Method::datagram:
    case Method::packet:
    case Method::fragment:
      return "to ";
    case Method::loopback:
      return "connect to ";
    case Method::open_flow:
      return "flow to ";
    case Method::answer_flow:
      return "answer to ";
    case Method::bound:
    case Method::spoofed:
      return "to ";
    case Method::error:
      return "an error to ";
    case Method::http_proxy:
    case Method::https_proxy:
    case Method::socks_proxy:
      return "asked at ";
  }
  return "";
}

}  // namespace

std::string_view text(Family family) {
  return family == Family::ipv4 ? "IPv4" : "IPv6";
}

std::string without_route(Family family) {
  return "n/a: this host has no " + std::string(text(family)) + " route";
}

Probe probe_for(const DnsName& name) {
  Probe probe;
  probe.name = name;
  return probe;
}

bool has_own_count(const Probe& probe) {
  switch (probe.method) {
    case Method::ping:
    case Method::packet:
    case Method::error:
      return false;
    case Method::fragment:
      return probe.endpoint.port != 0;
    default:
      return true;
  }
}

bool is_within_host(const Probe& probe) {
  return probe.method == Method::loopback || probe.method == Method::open_flow ||
         probe.method == Method::answer_flow;
}

Endpoint counted_endpoint(const Endpoint& endpoint) {
  static const Prefix kMapped = Prefix::parse("::ffff:0:0/96").value();
  if (!kMapped.contains(endpoint.address)) return endpoint;
  const auto octets = endpoint.address.octets();
  return {IpAddress::v4({octets[12], octets[13], octets[14], octets[15]}), endpoint.transport,
          endpoint.port};
}

std::string describe(const Probe& probe) {
  const bool has_port = has_own_count(probe) && probe.method != Method::loopback;
  std::string line = probe.label + ": ";
  if (probe.source) line += "from " + probe.source->text() + " ";
  line += verb(probe.method);
  line += has_port ? probe.endpoint.text() : probe.endpoint.address.text();
  if (probe.method == Method::dns) {
    line += " for " + probe.name->text() + " " + probe::type_text(probe.type);
  }
  return line;
}

std::optional<std::chrono::microseconds> latency(const Trial& trial) {
  const auto outcome = trial.seen.outcome;
  const bool was_sent =
      outcome != probe::Outcome::impossible && outcome != probe::Outcome::no_route;
  return was_sent ? std::optional(trial.seen.elapsed) : std::nullopt;
}

}  // namespace egress::verify
