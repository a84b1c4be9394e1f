#include "policy/subject.hpp"

#include "egress/core/text.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

constexpr Form kTarget{"a target", kAcceptedTarget};
constexpr Form kHost{"a host", "a host name or an address, without a port"};
constexpr Form kCidr{"a CIDR", "an address with a length, 192.0.2.0/24"};
constexpr Form kPorts{"a port", "443, \"80,443\", 8000-8010 or a list of them"};
constexpr Form kTransport{"a transport", "tcp, udp, icmp, esp, gre or ipip"};
constexpr Form kPreset{"a preset", "its name"};

// `port: 443` and `port: [443, 8000-8010]` alike.
std::optional<std::vector<PortRange>> read_ports(const Node& node, Reader& reader) {
  if (node.kind != Node::Kind::list) return reader.parsed(node, kPorts, parse_ports);
  std::string all;
  for (const auto& item : node.list) {
    if (!reader.parsed(item, kPorts, parse_ports)) return std::nullopt;
    all += (all.empty() ? "" : ",") + item.scalar;
  }
  if (all.empty()) {
    reader.refuse(node.place, "an empty list of ports; accepted: at least one");
    return std::nullopt;
  }
  return parse_ports(all).value();
}

std::optional<Destination> read_destination(const Subject& subject, const NameRules& rules,
                                            Reader& reader) {
  const bool is_host = subject.host != nullptr;
  const Node& node = is_host ? *subject.host : *subject.cidr;
  auto destination = reader.parsed(node, is_host ? kHost : kCidr, [&rules](std::string_view text) {
    return parse_destination(text, rules);
  });
  if (is_host || !destination || std::holds_alternative<Prefix>(*destination)) return destination;
  reader.refuse(node, kCidr);
  return std::nullopt;
}

std::optional<Target> read_host(const Subject& subject, const NameRules& rules, Reader& reader) {
  const auto destination = read_destination(subject, rules, reader);
  std::optional<Transport> transport = Transport::tcp;
  if (subject.transport != nullptr) {
    transport = reader.parsed(*subject.transport, kTransport, parse_transport);
  }
  const bool takes_ports = !transport || has_ports(*transport);
  std::optional ports = takes_ports ? std::vector<PortRange>{{443, 443}} : no_ports();
  if (subject.port != nullptr) ports = read_ports(*subject.port, reader);
  if (!destination || !transport || !ports) return std::nullopt;
  if (!takes_ports && subject.port != nullptr) {
    reader.refuse(subject.port->place, std::string(egress::text(*transport)) +
                                           " has no ports; accepted: the entry without `port`");
    return std::nullopt;
  }
  auto checked = check_ports(std::move(*ports), *destination);
  if (checked) return Target{*destination, *transport, std::move(*checked)};
  reader.refuse(subject.port->place, std::move(checked.error().message));
  return std::nullopt;
}

// The preset's parameters are keys of the entry: `{ preset: bedrock, region: eu-west-1 }`.
std::optional<Target> read_preset(const Node& node, Keys& keys, const Dictionary& dictionary,
                                  Reader& reader) {
  const auto target = reader.parsed(node, kPreset, [&](std::string_view name) {
    return parse_target("preset:" + std::string(name), dictionary.rules);
  });
  if (!target) return std::nullopt;
  auto reference = std::get<Target::PresetReference>(target->what);
  const auto preset = find_preset(reference.name, dictionary.catalogue);
  if (!preset) {
    reader.refuse(node.place, preset.error().message);
    return std::nullopt;
  }
  for (const auto& parameter : (*preset)->parameters) {
    const Node* value = keys.find(parameter);
    if (value == nullptr) continue;
    const auto text = reader.text(*value, {"a parameter", "a single label of a host name"});
    if (!text) return std::nullopt;
    reference.parameter += (reference.parameter.empty() ? "" : "@") + *text;
  }
  return Target{reference, Transport::tcp, {}};
}

}  // namespace

Subject::Subject(Keys& keys)
    : target(keys.find("target")),
      host(keys.find("host")),
      cidr(keys.find("cidr")),
      preset(keys.find("preset")),
      port(keys.find("port")),
      transport(keys.find("transport")) {}

int Subject::count() const {
  int present = 0;
  for (const Node* node : {target, host, cidr, preset}) present += node != nullptr ? 1 : 0;
  return present;
}

std::optional<Target> read_subject(const Subject& subject, Keys& keys, const Dictionary& dictionary,
                                   Reader& reader) {
  if (subject.count() != 1) {
    reader.refuse(keys.place(), "an entry with " + std::to_string(subject.count()) +
                                    " of target, host, cidr, preset; accepted: exactly one");
    return std::nullopt;
  }
  if (subject.host != nullptr || subject.cidr != nullptr) {
    return read_host(subject, dictionary.rules, reader);
  }
  if (subject.port != nullptr || subject.transport != nullptr) {
    const Node& stray = subject.port != nullptr ? *subject.port : *subject.transport;
    reader.refuse(
        stray.place,
        "port and transport go with host or cidr only; accepted: write them into the target");
    return std::nullopt;
  }
  if (subject.preset != nullptr) return read_preset(*subject.preset, keys, dictionary, reader);
  return reader.parsed(*subject.target, kTarget, [&dictionary](std::string_view text) {
    return parse_target(text, dictionary.rules);
  });
}

}  // namespace egress::policy
