#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

constexpr std::string_view kPresetPrefix = "preset:";
constexpr PortRange kDefaultPort{443, 443};

Result<Target> parse_preset_reference(std::string_view reference) {
  const auto at = reference.find('@');
  const std::string_view name = reference.substr(0, at);
  const bool has_parameter = at != reference.npos;
  const std::string_view parameter = has_parameter ? reference.substr(at + 1) : "";
  if (name.empty() || (has_parameter && parameter.empty())) {
    return fail(quoted(reference) +
                " is not a preset; accepted: preset:name or preset:name@parameter");
  }
  Target target;
  target.what = Target::PresetReference{std::string(name), std::string(parameter)};
  return target;
}

// ", \"pypi.org:443\"" of "https://user@pypi.org/simple"; empty where the scheme does not say the
// port.
std::string host_and_port(std::string_view url) {
  constexpr std::array kPorts{std::pair{"https", 443}, std::pair{"wss", 443}, std::pair{"http", 80},
                              std::pair{"ws", 80}, std::pair{"ssh", 22}};
  const auto colon = url.find("://");
  const std::string_view scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  std::string_view host = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  if (host.find(':', host.rfind(']') == host.npos ? 0 : host.rfind(']')) != host.npos)
    return ", " + quoted(host);
  for (const auto& [name, port] : kPorts)
    if (scheme == name && !host.empty())
      return ", " + quoted(std::string(host) + ':' + std::to_string(port));
  return "";
}

// "; did you mean "esp/vpn.example.com"?" of "vpn.example.com/esp"; empty where no transport stands
// last.
std::string transport_first(std::string_view rest) {
  const auto slash = rest.rfind('/');
  if (!parse_transport(rest.substr(slash + 1))) return "";
  return "; did you mean " +
         quoted(std::string(rest.substr(slash + 1)) + '/' + std::string(rest.substr(0, slash))) +
         '?';
}

// Takes "tcp/", "esp/" and so on off the front; what else stands before a slash must belong to a
// CIDR.
Result<Transport> take_transport(std::string_view& rest) {
  const auto slash = rest.find('/');
  if (slash == rest.npos) return Transport::tcp;
  if (rest.find("://") != rest.npos) {
    return fail(quoted(rest) + " is a URL; accepted: its host and port" + host_and_port(rest));
  }
  const std::string_view before = rest.substr(0, slash);
  if (const auto transport = parse_transport(before)) {
    rest.remove_prefix(slash + 1);
    return *transport;
  }
  const std::string_view address = before.starts_with('[') ? before.substr(1) : before;
  if (IpAddress::parse(address)) return Transport::tcp;
  if (before.find_first_of(".:") == before.npos) {
    return fail(quoted(before) +
                " is not a transport; accepted: tcp/ or udp/, and without a port icmp/, esp/, gre/ "
                "or ipip/");
  }
  if (const std::string meant = transport_first(rest); !meant.empty())
    return fail(quoted(rest) + " is neither a CIDR nor a host" + meant);
  return fail(quoted(rest) +
              " is neither a CIDR nor a host; accepted: " + std::string(kAcceptedTarget));
}

struct HostAndPorts {
  std::string_view host;
  std::optional<std::string_view> ports;
};

Result<HostAndPorts> split_brackets(std::string_view rest) {
  const auto close = rest.find(']');
  const std::string_view host = rest.substr(1, close == rest.npos ? close : close - 1);
  const std::string_view after = close == rest.npos ? "" : rest.substr(close + 1);
  const bool is_v6 = host.find(':') != host.npos;
  if (close == rest.npos || !is_v6 || (!after.empty() && after.front() != ':')) {
    return fail(quoted(rest) + " is not an IPv6 address in brackets; accepted: [2001:db8::1]:443");
  }
  if (after.empty()) return HostAndPorts{host, std::nullopt};
  return HostAndPorts{host, after.substr(1)};
}

Result<HostAndPorts> split(std::string_view rest) {
  if (rest.starts_with('[')) return split_brackets(rest);
  const bool is_bare_v6 = std::ranges::count(rest, ':') > 1;
  const auto colon = rest.find(':');
  if (is_bare_v6 || colon == rest.npos) return HostAndPorts{rest, std::nullopt};
  return HostAndPorts{rest.substr(0, colon), rest.substr(colon + 1)};
}

tl::unexpected<Error> without_ports(Transport transport, std::string_view host) {
  const std::string name(text(transport));
  const bool is_v6 = host.find(':') != host.npos;
  return fail(name + " has no ports; accepted: " +
              quoted(name + '/' + (is_v6 ? '[' + std::string(host) + ']' : std::string(host))));
}

Result<Target> parse_host_target(std::string_view rest, const NameRules& rules) {
  const auto transport = take_transport(rest);
  if (!transport) return tl::unexpected(transport.error());
  if (rest.starts_with(kPresetPrefix) && !parse_ports(rest.substr(kPresetPrefix.size()))) {
    return fail("a preset has its own transports; accepted: preset:name without " +
                std::string(text(*transport)) + '/');
  }
  const auto parts = split(rest);
  if (!parts) return tl::unexpected(parts.error());
  const auto destination = parse_destination(parts->host, rules);
  if (!destination) return tl::unexpected(destination.error());

  const bool takes_ports = has_ports(*transport);
  Target target{*destination, *transport, takes_ports ? std::vector{kDefaultPort} : no_ports()};
  if (!parts->ports) return target;
  if (!takes_ports) return without_ports(*transport, parts->host);
  auto ports = parse_ports(*parts->ports).and_then([&](std::vector<PortRange> ranges) {
    return check_ports(std::move(ranges), *destination);
  });
  if (!ports) return tl::unexpected(ports.error());
  target.ports = std::move(*ports);
  return target;
}

}  // namespace

Result<Target> parse_target(std::string_view text, const NameRules& rules) {
  if (text.size() > limits::kTargetBytes) {
    return fail(quoted(text) + " is " + std::to_string(text.size()) +
                " octets long; accepted: up to " + std::to_string(limits::kTargetBytes));
  }
  if (has_control_character(text)) {
    return fail(quoted(text) +
                " holds a control character; accepted: " + std::string(kAcceptedTarget));
  }
  if (text.starts_with(kPresetPrefix)) {
    return parse_preset_reference(text.substr(kPresetPrefix.size()));
  }
  return parse_host_target(text, rules);
}

std::string Target::text() const {
  if (const auto* preset = std::get_if<PresetReference>(&what)) {
    const std::string parameter = preset->parameter.empty() ? "" : '@' + preset->parameter;
    return std::string(kPresetPrefix) + preset->name + parameter;
  }
  return target_text(transport, policy::text(std::get<Destination>(what)), policy::text(ports));
}

}  // namespace egress::policy
