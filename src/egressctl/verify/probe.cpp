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
  }
  return "";
}

}  // namespace

std::string_view text(Family family) {
  return family == Family::ipv4 ? "IPv4" : "IPv6";
}

std::string describe(const Probe& probe) {
  std::string line = probe.label + ": ";
  line += verb(probe.method);
  line += probe.method == Method::ping ? probe.endpoint.address.text() : probe.endpoint.text();
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
