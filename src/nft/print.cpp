#include <array>
#include <utility>

#include "egress/core/limits.hpp"
#include "egress/nft/layout.hpp"

namespace egress::nft {
namespace {

// "1h5s200ms", as nft writes it
std::string duration_text(milliseconds duration) {
  static constexpr std::array<std::pair<std::int64_t, const char*>, 5> kUnits{
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}}};
  std::string text;
  std::int64_t rest = duration.count();
  for (const auto& [size, unit] : kUnits) {
    if (rest < size) continue;
    text += std::to_string(rest / size) + unit;
    rest %= size;
  }
  return text;
}

std::string flags_text(const SetDefinition& set) {
  std::string flags;
  const auto add = [&](bool is_set, const char* name) {
    if (!is_set) return;
    if (!flags.empty()) flags += ',';
    flags += name;
  };
  add(set.is_interval, "interval");
  add(set.is_dynamic, "dynamic");
  add(set.has_timeout, "timeout");
  return flags;
}

// By set name, in the order of the ruleset.
std::string elements_text(const Elements& elements, const std::string& name, Instant now) {
  std::string text;
  for (const auto& [key, end] : elements) {
    if (set_name(key.set, key.family()) != name || end <= now) continue;
    text += text.empty() ? "\t\telements = { " : ",\n\t\t\t     ";
    text += key.text();
    if (end != kNever) text += " timeout " + duration_text(end - now);
  }
  return text.empty() ? text : text + " }\n";
}

std::string type_text(const SetDefinition& set) {
  const std::string address = set.family == Family::ipv4 ? "ipv4_addr" : "ipv6_addr";
  switch (set.key) {
    case SetDefinition::Key::endpoint:
      return address + " . inet_proto . inet_service";
    case SetDefinition::Key::peer:
      return address + " . inet_proto";
    case SetDefinition::Key::address:
      return address;
    case SetDefinition::Key::link_address:
      return "iface_index . " + address;
    case SetDefinition::Key::address_pair:
      return address + " . " + address;
    case SetDefinition::Key::link:
      return "ifname";
    case SetDefinition::Key::user:
      return "uid";
  }
  return {};
}

std::string set_text(const SetDefinition& set, const std::string& elements) {
  std::string text = "\tset " + set.name + " {\n\t\ttype " + type_text(set) + "\n";
  if (set.is_dynamic) text += "\t\tsize " + std::to_string(set.size) + "\n";
  if (const std::string flags = flags_text(set); !flags.empty())
    text += "\t\tflags " + flags + "\n";
  if (set.counts) text += "\t\tcounter\n";
  if (set.is_dynamic) text += "\t\ttimeout " + duration_text(set.timeout) + "\n";
  return text + elements + "\t}\n";
}

std::string hook_name(Hook hook) {
  static constexpr std::array kNames{"prerouting", "input",       "forward",
                                     "output",     "postrouting", "egress"};
  return kNames.at(static_cast<std::size_t>(hook));
}

// nft before 1.0.8 knows the name dstnat at the prerouting hook alone.
std::string priority_text(const Chain& chain) {
  if (chain.type == ChainType::filter) return "filter";
  if (chain.type == ChainType::source) return "raw - 10";
  if (chain.type == ChainType::last) return std::to_string(kLast);
  return chain.hook == Hook::prerouting ? "dstnat" : std::to_string(kDstnat);
}

std::string chain_text(const Chain& chain) {
  std::string text = "\tchain " + chain.name + " {\n";
  if (chain.hook) {
    text += "\t\ttype " + std::string(chain.type == ChainType::nat ? "nat" : "filter");
    text += " hook " + hook_name(*chain.hook) + " priority " + priority_text(chain);
    text += chain.policy == ChainPolicy::drop ? "; policy drop;\n" : "; policy accept;\n";
  }
  for (const Rule& rule : chain.rules) text += "\t\t" + print(rule) + "\n";
  return text + "\t}\n";
}

}  // namespace

std::string print(const Ruleset& ruleset, Instant now) {
  const Layout table = layout(ruleset.base);
  std::string text = "table inet " + std::string(kTableName) + " {\n";
  for (const std::string& counter : table.counters) {
    text += "\tcounter " + counter + " {\n\t\tpackets 0 bytes 0\n\t}\n";
  }
  for (const SetDefinition& set : table.sets) {
    text += "\n" + set_text(set, elements_text(ruleset.elements, set.name, now));
  }
  for (const Chain& chain : table.chains) text += "\n" + chain_text(chain);
  return text + "}\n";
}

}  // namespace egress::nft
