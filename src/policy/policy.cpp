#include "egress/policy/policy.hpp"

#include "policy/target_parts.hpp"

namespace egress::policy {

std::string ResolverAddress::text() const {
  if (port == 53) return address.text();
  const std::string host = address.is_v4() ? address.text() : '[' + address.text() + ']';
  return host + ':' + std::to_string(port);
}

std::string Origin::text() const {
  switch (kind) {
    case Kind::file:
      return preset.empty() ? place.text() : "preset " + preset + " (" + place.text() + ')';
    case Kind::operator_added:
      return preset.empty() ? added_by : "preset " + preset + ", " + added_by;
    case Kind::service:
      return "services." + service;
  }
  return {};
}

std::string_view text(Risk::Kind kind) {
  switch (kind) {
    case Risk::Kind::upload:
      return "upload";
    case Risk::Kind::shared_cdn:
      return "shared-cdn";
    case Risk::Kind::wide:
      return "wide";
  }
  return {};
}

std::string Risk::text() const {
  return std::string(policy::text(kind)) + ": " + why;
}

std::string AllowEntry::target() const {
  return std::string(egress::text(transport)) + '/' + text(destination) + ':' + ports.text();
}

}  // namespace egress::policy
