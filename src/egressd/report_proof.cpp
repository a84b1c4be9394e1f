// What `verify` and `diff` compare: what is desired against what the kernel holds.
#include <algorithm>

#include "egress/core/limits.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {
namespace {

// What is proven depends on it: a posture takes the place of the policy's mode.
std::string mode_text(const engine::Engine& engine) {
  const engine::Inputs& inputs = engine.inputs();
  if (inputs.posture != engine::Posture::enforcing)
    return std::string(engine::text(inputs.posture));
  return inputs.policy->mode == policy::Mode::audit ? "audit" : "enforce";
}

// Allowed names some of whose addresses no entry of theirs may open.
std::vector<std::string> filtered_names(const engine::Engine& engine) {
  std::vector<std::string> filtered;
  for (const auto& [name, state] : engine.names().names()) {
    const auto may_open = [&](const dns::HeldAddress& held) {
      return std::ranges::any_of(engine.inputs().entries_of(name), [&](const auto* entry) {
        return !engine::withheld(engine.inputs(), *entry, held.address);
      });
    };
    if (!std::ranges::all_of(state.addresses, may_open)) filtered.push_back(name.text());
  }
  std::ranges::sort(filtered);
  return filtered;
}

std::string text(const nft::ElementKey& key) {
  return nft::set_name(key.set, key.family()) + " " + key.text();
}

std::string seconds_text(milliseconds time) {
  return std::to_string(std::chrono::ceil<seconds>(time).count()) + " s";
}

// The kernel counts what is left of an element; it must come to the end that is desired. Later
// would hold open what is no longer justified.
std::string misdated(const nft::LiveElement& element, Instant end, Instant now,
                     milliseconds tolerance) {
  const bool is_permanent = element.expires == milliseconds{0};
  if (is_permanent != (end == kNever))
    return text(element.key) + (is_permanent ? " never ends" : " ends, and should stay");
  if (is_permanent || now + element.expires <= end + tolerance) return {};
  return text(element.key) + " ends " + seconds_text(now + element.expires - end) + " too late";
}

// The element that admits an endpoint, as the kernel holds it.
const nft::LiveElement* element_for(const nft::Snapshot& live, const Endpoint& endpoint) {
  const auto key = nft::ElementKey::of_name(endpoint);
  const auto exact = std::ranges::lower_bound(live.elements, key, {}, &nft::LiveElement::key);
  if (exact != live.elements.end() && exact->key == key) return &*exact;
  const auto holds = [&](const nft::LiveElement& element) {
    return element.key.set == nft::SetId::nets && element.key.contains(endpoint);
  };
  const auto interval = std::ranges::find_if(live.elements, holds);
  return interval == live.elements.end() ? nullptr : &*interval;
}

std::string element_text(const nft::Snapshot& live, const Endpoint& endpoint) {
  const nft::LiveElement* const element = element_for(live, endpoint);
  if (element == nullptr) return {};
  return text(element->key) + (element->expires == milliseconds{0}
                                   ? ", for good"
                                   : ", for " + seconds_text(element->expires));
}

void add_addresses(const engine::Engine& engine, const policy::AllowEntry& entry,
                   const nft::Snapshot& live, Instant now, std::size_t& explained,
                   control::ProvableEndpoint& endpoint) {
  const engine::Standing standing = entry.name() != nullptr
                                        ? engine.standing_of_name(entry, *entry.name(), now)
                                        : engine.standing(entry, now);
  for (const auto& [address, end] : standing.addresses) {
    if (engine.inputs().own_addresses.contains(address)) continue;  // no element admits it
    control::ProvableAddress report{address.text(), {}, hits_in(entry, live, address, address)};
    if (++explained <= limits::kProofAddresses)
      report.element = element_text(live, entry.first_at(address));
    endpoint.addresses.push_back(std::move(report));
  }
}

// The elements of the reading are sorted.
bool has_seen(const nft::Snapshot& live, const nft::ElementKey& key) {
  return std::ranges::binary_search(live.elements, key, {}, &nft::LiveElement::key);
}

}  // namespace

// A hash that changes while it is listed may leave elements out, so what seems to be missing is
// looked up.
control::DiffReply report_diff(const engine::Engine& engine, const Reading& reading) {
  control::DiffReply reply;
  reply.deviations = reading.live.deviations;
  const nft::Ruleset desired = engine.desired(reading.begun);
  for (const nft::LiveElement& element : reading.live.elements) {
    if (reading.changed.contains(element.key)) continue;
    const auto wanted = desired.elements.find(element.key);
    if (wanted == desired.elements.end())
      reply.unexpected.push_back(text(element.key));
    else if (std::string how = misdated(element, wanted->second, reading.begun, reading.tolerance);
             !how.empty())
      reply.misdated.push_back(std::move(how));
  }
  for (const auto& [key, end] : desired.elements) {
    if (end <= reading.ended || has_seen(reading.live, key) || reading.changed.contains(key))
      continue;
    if (!is_of_names(key.set) || !reading.holds(key)) reply.missing.push_back(text(key));
  }
  return reply;
}

control::ProofReply report_proof(const engine::Engine& engine, const Reading& reading) {
  control::ProofReply reply;
  const policy::Policy& policy = *engine.inputs().policy;
  reply.mode = mode_text(engine);
  reply.dns = engine::is_guarded(engine.inputs()) ? "guard" : "poll";
  reply.refuse_with =
      policy.dns.refuse_with == policy::RefuseWith::refused ? "refused" : "nxdomain";
  reply.filtered = filtered_names(engine);
  for (const policy::ResolverAddress& resolver : engine.inputs().resolvers.all())
    reply.resolvers.push_back(resolver.text());
  std::size_t explained = 0;
  for (const policy::AllowEntry& entry : policy.entries) {
    control::ProvableEndpoint endpoint;
    endpoint.target = entry.target();
    if (entry.name() != nullptr) endpoint.host = entry.name()->text();
    if (entry.wildcard() != nullptr) endpoint.host = entry.wildcard()->text();
    endpoint.transport = text(entry.transport);
    endpoint.port = entry.ports.first;
    endpoint.optional = entry.is_optional;
    endpoint.private_answers = entry.allows_private;
    endpoint.metadata = entry.allows_metadata;
    endpoint.srv = entry.service_domain.has_value();
    if (entry.wildcard() == nullptr)
      add_addresses(engine, entry, reading.live, reading.begun, explained, endpoint);
    reply.endpoints.push_back(std::move(endpoint));
  }
  if (policy.inbound) {
    reply.inbound = policy.inbound->texts();
    if (reply.inbound.empty()) reply.inbound.emplace_back("none");
  }
  reply.opens_metadata = engine::opens_metadata(engine.inputs(), reading.begun);
  reply.table = report_diff(engine, reading);
  return reply;
}

}  // namespace egress::daemon
