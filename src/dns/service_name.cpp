#include "egress/dns/service_name.hpp"

#include <algorithm>
#include <string_view>

namespace egress::dns {
namespace {

constexpr std::size_t kServiceOctets = 15;

// DnsName has folded the case, and let nothing through but letters, digits, hyphens and
// underscores.
bool is_service(std::string_view label) {
  if (!label.starts_with('_') || label.size() > kServiceOctets + 1) return false;
  const std::string_view service = label.substr(1);
  const auto is_letter = [](char c) { return 'a' <= c && c <= 'z'; };
  return std::ranges::any_of(service, is_letter) && service.find('_') == service.npos &&
         service.find("--") == service.npos && service.front() != '-';
}

std::string_view first_label(std::string_view name) {
  return name.substr(0, name.find('.'));
}

}  // namespace

std::optional<ServiceName> parse_service_name(const DnsName& name) {
  const auto below = name.parent();
  const auto host = below ? below->parent() : std::nullopt;
  if (!host || !is_service(first_label(name.text()))) return std::nullopt;
  const std::string_view transport = first_label(below->text());
  if (transport == "_tcp") return ServiceName{*host, Transport::tcp};
  if (transport == "_udp") return ServiceName{*host, Transport::udp};
  return std::nullopt;
}

}  // namespace egress::dns
