// The keys of the main file that are not entries.
#pragma once

#include "egress/policy/policy.hpp"
#include "policy/reader.hpp"

namespace egress::policy {

Mode read_mode(const Node& node, Reader& reader);
// `services.metadata`: whether root reaches it after a boot.
bool read_metadata(const Node& node, Reader& reader);
DnsSettings read_dns(const Node& node, Reader& reader);
Limits read_limits(const Node& node, Reader& reader);
// A list, or a map of lists by zone.
void read_resolvers(const Node& node, const NameRules& rules, Reader& reader, Policy& policy);
// Empty: everybody is answered.
std::optional<Inbound> read_inbound(const Node& node, Reader& reader);
// Null: the key is absent.
void read_forward(const Node* node, Reader& reader, Policy& policy);

}  // namespace egress::policy
