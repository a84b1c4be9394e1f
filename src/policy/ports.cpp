#include <algorithm>
#include <charconv>
#include <optional>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

std::optional<Port> parse_port(std::string_view text) {
  Port port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (!is_number || port == 0 || text.front() == '0') return std::nullopt;
  return port;
}

Result<PortRange> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last) {
    return fail(quoted(text) +
                " is not a port; accepted: 1 to 65535, or a range such as 8000-8010");
  }
  if (*last < *first) {
    return fail(quoted(text) + " is a range that ends before it begins; accepted: lo-hi");
  }
  return PortRange{*first, *last};
}

std::vector<PortRange> disjoint(std::vector<PortRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<PortRange> out;
  for (const auto& range : ranges) {
    if (!out.empty() && range.first <= out.back().last) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

}  // namespace

Result<std::vector<PortRange>> parse_ports(std::string_view text) {
  std::vector<PortRange> ranges;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const auto range = parse_range(text.substr(start, end - start));
    if (!range) return tl::unexpected(range.error());
    ranges.push_back(*range);
    start = end + 1;
  }
  return disjoint(std::move(ranges));
}

Result<std::vector<PortRange>> check_ports(std::vector<PortRange> ports, const Destination& host) {
  if (std::holds_alternative<Prefix>(host)) return ports;
  for (const auto& range : ports) {
    const std::size_t count = std::size_t{range.last} - range.first + 1;
    if (count <= limits::kPortsPerHost) continue;
    return fail(quoted(range.text()) + " is " + std::to_string(count) +
                " ports of one host name; accepted: up to " +
                std::to_string(limits::kPortsPerHost) + " (an address or CIDR takes any range)");
  }
  return ports;
}

std::string text(const std::vector<PortRange>& ports) {
  std::string out;
  for (const auto& range : ports) out += (out.empty() ? "" : ",") + range.text();
  return out;
}

}  // namespace egress::policy
