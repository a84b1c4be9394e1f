#include "egress/policy/holders.hpp"

#include <algorithm>
#include <optional>

#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

using Values = std::map<std::string_view, std::string_view>;

// Of a target as it is written in a preset.
Transport transport_of(std::string_view target) {
  const auto slash = target.find('/');
  if (slash == target.npos) return Transport::tcp;
  return parse_transport(target.substr(0, slash)).value_or(Transport::tcp);
}

// The host of such a target, without transport and ports.
std::string_view host_of(std::string_view target) {
  const auto slash = target.find('/');
  if (slash != target.npos && parse_transport(target.substr(0, slash)))
    target.remove_prefix(slash + 1);
  if (target.starts_with('[')) return target.substr(0, target.find(']') + 1);
  return target.substr(0, target.find(':'));
}

bool opens(std::string_view target, Transport transport, const PortRange& ports) {
  if (transport_of(target) != transport) return false;
  if (!has_ports(transport)) return true;
  const std::string_view host = host_of(target);
  const std::string_view rest = target.substr(target.find(host) + host.size());
  const auto ranges = parse_ports(rest.empty() ? "443" : rest.substr(1));
  return ranges && std::ranges::any_of(*ranges, [&](const PortRange& range) {
           return range.contains(ports.first);
         });
}

// A parameter stands for one label or a part of one, and for the longest that fits.
bool fits(std::string_view host, std::string_view name, Values& values) {
  const auto open = host.find('{');
  if (open == host.npos) return host == name;
  if (!name.starts_with(host.substr(0, open))) return false;
  name.remove_prefix(open);
  const auto close = host.find('}', open);
  const std::string_view parameter = host.substr(open + 1, close - open - 1);
  for (std::size_t length = std::min(name.find('.'), name.size()); length > 0; --length) {
    values[parameter] = name.substr(0, length);
    if (fits(host.substr(close + 1), name.substr(length), values)) return true;
  }
  values.erase(parameter);
  return false;
}

bool covers(std::string_view host, std::string_view name, Values& values) {
  if (host.starts_with("*.")) return name.ends_with(host.substr(1));
  if (host.starts_with('.')) return name.ends_with(host) || name == host.substr(1);
  return fits(host, name, values);
}

// What the host does not tell keeps the parameter's name: "vertex-ai@region".
std::string reference_to(const Preset& preset, const Values& values) {
  std::string reference = preset.name;
  for (const std::string& parameter : preset.parameters) {
    const auto value = values.find(parameter);
    reference += '@';
    reference += value == values.end() ? parameter : value->second;
  }
  return reference;
}

bool is_narrower(const Preset& a, const Preset& b) {
  return a.entries.size() < b.entries.size();
}

}  // namespace

std::vector<Holder> holders_of(const DnsName& name, Transport transport, Port port,
                               const Catalogue& catalogue) {
  std::vector<Holder> holders;
  for (const auto& [known, preset] : catalogue) {
    for (const PresetEntry& entry : preset.entries) {
      Values values;
      if (!covers(host_of(entry.target), name.text(), values) ||
          !opens(entry.target, transport, {port, port}))
        continue;
      holders.push_back({&preset, &entry, reference_to(preset, values)});
      break;
    }
  }
  std::ranges::stable_sort(
      holders, [](const Holder& a, const Holder& b) { return is_narrower(*a.preset, *b.preset); });
  return holders;
}

KnownRisks::KnownRisks(const Catalogue& catalogue) {
  for (const auto& [name, preset] : catalogue) {
    for (const PresetEntry& entry : preset.entries) {
      const auto& risk = risk_of(preset, entry);
      if (!risk || entry.allows_private) continue;
      const std::string_view host = host_of(entry.target);
      const Known known{entry.target, &*risk, preset.entries.size()};
      if (host.find('{') != host.npos)
        templates_.push_back(known);
      else
        written_out_[host].push_back(known);
    }
  }
  for (auto& [host, all] : written_out_) std::ranges::stable_sort(all, {}, &Known::entries);
}

void KnownRisks::complete(AllowEntry& entry) const {
  if (entry.risk || !entry.origin.preset.empty()) return;
  const std::string host = text(entry.destination);
  if (const auto at = written_out_.find(host); at != written_out_.end()) {
    const auto same_port = std::ranges::find_if(at->second, [&](const Known& known) {
      return opens(known.target, entry.transport, entry.ports);
    });
    const bool is_known = same_port != at->second.end();
    entry.risk = *(is_known ? same_port->risk : at->second.front().risk);
    return;
  }
  if (entry.name() == nullptr) return;
  for (const Known& known : templates_) {
    Values values;
    if (!fits(host_of(known.target), host, values)) continue;
    entry.risk = *known.risk;
    return;
  }
}

}  // namespace egress::policy
