#include "egressctl/verify/allowed.hpp"

#include <charconv>

namespace egress::verify {

namespace {

std::optional<Port> parse_port(std::string_view text) {
  Port port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::optional<PortRange> parse_ports(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return PortRange{*first, *last};
}

std::string_view without_brackets(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

}  // namespace

std::optional<DnsName> wildcard_base(std::string_view host) {
  if (!host.starts_with('.') && !host.starts_with("*.")) return std::nullopt;
  const auto base = DnsName::parse(host.substr(host.find('.') + 1));
  return base ? std::optional(*base) : std::nullopt;
}

bool covers(std::string_view host, const DnsName& name) {
  const auto base = wildcard_base(host);
  if (!base) return host == name.text();
  return name.is_below(*base) || (host.front() == '.' && name == *base);
}

std::optional<TargetParts> split_target(std::string_view target) {
  const auto slash = target.find('/');
  const auto transport = parse_transport(target.substr(0, slash));
  if (slash == std::string_view::npos || !transport) return std::nullopt;
  const std::string_view rest = target.substr(slash + 1);
  if (!has_ports(*transport)) return TargetParts{*transport, without_brackets(rest), {}};
  const auto colon = rest.rfind(':');
  const auto ports = colon == rest.npos ? std::nullopt : parse_ports(rest.substr(colon + 1));
  if (!ports) return std::nullopt;
  return TargetParts{*transport, without_brackets(rest.substr(0, colon)), *ports};
}

std::optional<probe::Server> parse_resolver(std::string_view text) {
  if (const auto address = IpAddress::parse(without_brackets(text))) return probe::Server{*address};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(without_brackets(text.substr(0, colon)));
  const auto port = parse_port(text.substr(colon + 1));
  if (!address || !port) return std::nullopt;
  return probe::Server{*address, *port};
}

Allowed::Allowed(const control::ProofReply& proof) {
  for (const auto& endpoint : proof.endpoints) add(endpoint);
  // The guard leaves the resolvers to egressd alone.
  if (is_guarded(proof)) return;
  for (const auto& resolver : proof.resolvers) add_resolver(resolver);
}

void Allowed::add(const control::ProvableEndpoint& endpoint) {
  const auto parts = split_target(endpoint.target);
  if (!parts) return;
  const Opening opening{{}, endpoint.host, parts->transport, parts->ports, endpoint.target};
  openings_.push_back(opening);
  if (const auto prefix = Prefix::parse(parts->destination); endpoint.host.empty() && prefix) {
    openings_.back().prefix = *prefix;
  }
  for (const auto& [text, element, hits] : endpoint.addresses) {
    const auto address = IpAddress::parse(text);
    if (!address) continue;
    openings_.push_back(opening);
    openings_.back().prefix = Prefix(*address);
  }
}

void Allowed::add_resolver(const std::string& text) {
  const auto server = parse_resolver(text);
  if (!server) return;
  for (const Transport transport : {Transport::tcp, Transport::udp}) {
    openings_.push_back(
        {Prefix(server->address), {}, transport, {server->port, server->port}, "resolver " + text});
  }
}

std::optional<std::string> Allowed::opener(const Endpoint& endpoint) const {
  for (const auto& one : openings_) {
    if (one.prefix && one.prefix->contains(endpoint.address) &&
        over(one.transport, endpoint.address.family()) == endpoint.transport &&
        one.ports.contains(endpoint.port)) {
      return one.by;
    }
  }
  return std::nullopt;
}

std::optional<std::string> Allowed::opener(const DnsName& name, Transport transport,
                                           Port port) const {
  for (const auto& one : openings_) {
    if (one.transport == transport && one.ports.contains(port) && covers(one.host, name))
      return one.by;
  }
  return std::nullopt;
}

std::optional<std::string> Allowed::opener(const DnsName& name) const {
  for (const auto& one : openings_) {
    if (covers(one.host, name)) return one.by;
  }
  return std::nullopt;
}

}  // namespace egress::verify
