// `inbound`: who is answered that began a flow from outside.
#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/settings.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

constexpr std::string_view kPing = "ping";
constexpr Form kInbound{"who is answered", "any, or a list such as [22/tcp, 443/tcp, ping]"};
constexpr Form kItem{"a port that is answered", "22/tcp, 60000-61000/udp, or ping"};

struct Item {
  std::vector<InboundPorts> ports;
  bool is_ping = false;
};

Result<Item> parse_item(std::string_view text) {
  if (text == kPing) return Item{.ports = {}, .is_ping = true};
  const auto slash = text.find('/');
  const std::string_view transport = slash == text.npos ? "" : text.substr(slash + 1);
  if (transport != "tcp" && transport != "udp")
    return fail(quoted(text) + " is not " + std::string(kItem.noun) +
                "; accepted: " + std::string(kItem.accepted));
  const auto ranges = parse_ports(text.substr(0, slash));
  if (!ranges) return tl::unexpected(ranges.error());
  Item item;
  for (const PortRange& range : *ranges)
    item.ports.push_back({transport == "tcp" ? Transport::tcp : Transport::udp, range});
  return item;
}

}  // namespace

std::string InboundPorts::text() const {
  return ports.text() + "/" + std::string(egress::text(transport));
}

std::vector<std::string> Inbound::texts() const {
  std::vector<std::string> texts;
  for (const InboundPorts& open : ports) texts.push_back(open.text());
  if (allows_ping) texts.emplace_back(kPing);
  return texts;
}

std::optional<Inbound> read_inbound(const Node& node, Reader& reader) {
  if (node.kind != Node::Kind::list) {
    const auto word = reader.text(node, kInbound);
    if (word && *word != "any") reader.refuse(node, kInbound);
    return std::nullopt;
  }
  Inbound inbound;
  for (const Node& node_of_item : reader.list(node, kInbound)) {
    const auto item = reader.parsed(node_of_item, kItem, parse_item);
    if (!item) continue;
    inbound.allows_ping |= item->is_ping;
    inbound.ports.insert(inbound.ports.end(), item->ports.begin(), item->ports.end());
  }
  std::ranges::sort(inbound.ports);
  const auto repeated = std::ranges::unique(inbound.ports);
  inbound.ports.erase(repeated.begin(), repeated.end());
  if (inbound.ports.size() > limits::kInboundPorts)
    reader.refuse(node.place, std::to_string(inbound.ports.size()) + " ports; accepted: up to " +
                                  std::to_string(limits::kInboundPorts));
  return inbound;
}

}  // namespace egress::policy
