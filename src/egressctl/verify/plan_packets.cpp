#include <algorithm>

#include "adapters/probe/packet.hpp"
#include "adapters/probe/payloads.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/plan_places.hpp"
#include "egressctl/verify/refusal_plan.hpp"

namespace egress::verify {

namespace {

struct Protocol {
  KindId kind;
  std::string_view label;
  std::uint8_t number;
  probe::Payload payload;
};

std::vector<Protocol> protocols() {
  return {{"refused.sctp", "SCTP", probe::kSctp, probe::sctp_init()},
          {"refused.gre", "GRE", probe::kGre, probe::gre_header()},
          {"refused.udp-lite", "UDP-Lite", probe::kUdpLite, probe::plain_text()},
          {"refused.raw-ip", "raw IP (ESP)", probe::kEsp, probe::plain_text()}};
}

Probe packet_to(const IpAddress& address) {
  Probe probe;
  probe.method = Method::packet;
  probe.endpoint = {address, Transport::udp, 0};
  return probe;
}

// What an entry may open.
Probe packet_to(const IpAddress& address, std::uint8_t protocol) {
  Probe probe = packet_to(address);
  probe.protocol = protocol;
  probe.endpoint.transport = static_cast<Transport>(protocol);
  return probe;
}

std::uint8_t icmp_of(const IpAddress& address) {
  return static_cast<std::uint8_t>(over(Transport::icmp, address.family()));
}

// No entry opens it, though one may let echo requests through.
void add_icmp(const IpAddress& address, std::string label, RefusalPlan& plan) {
  Probe probe = packet_to(address);
  probe.kind = "refused.icmp";
  probe.protocol = icmp_of(address);
  probe.label = std::move(label);
  probe.payload = address.is_v4() ? probe::timestamp_request() : probe::node_query();
  plan.add(std::move(probe));
}

// To one address of each host that may be pinged, and to one of whom nobody may ask anything.
void add_other_icmp(const control::ProofReply& proof, RefusalPlan& plan) {
  for (const IpAddress& address : plan.outside().hosts.front().addresses)
    add_icmp(address, "no echo request", plan);
  for (const control::ProvableEndpoint& endpoint : proof.endpoints) {
    if (endpoint.transport != "icmp" || endpoint.addresses.empty()) continue;
    if (const auto address = IpAddress::parse(endpoint.addresses.front().address))
      add_icmp(*address, label_of(endpoint) + ", no echo request", plan);
  }
}

// The first to an address that no other probe sends datagrams to: its raw socket hears the errors
// about those as well.
void add_fragments(RefusalPlan& plan) {
  Probe probe = packet_to(v4_of(plan.outside().hosts.back()));
  probe.kind = "refused.fragment";
  probe.method = Method::fragment;
  probe.endpoint.port = kDiscard;
  probe.label = "first fragment";
  plan.add(probe);
  probe.endpoint = packet_to(v4_of(plan.outside().hosts[1])).endpoint;
  probe.label = "later fragment";
  plan.add(probe);
}

struct ManyReceivers {
  KindId kind;
  std::string_view address;
  Port port;
  std::string_view label;
};
constexpr ManyReceivers kGroups[] = {
    {"refused.multicast", "224.0.0.251", 5353, "multicast DNS"},
    {"refused.multicast", "239.255.255.250", 1900, "multicast"},
    {"refused.multicast", "ff05::c", 1900, "multicast"},
    {"refused.broadcast", "255.255.255.255", kDiscard, "broadcast"}};

}  // namespace

void plan_packets(const control::ProofReply& proof, RefusalPlan& plan) {
  for (const auto& [kind, label, number, payload] : protocols()) {
    for (const IpAddress& address : plan.outside().hosts.front().addresses) {
      Probe probe = packet_to(address, number);
      probe.kind = kind;
      probe.label = label;
      probe.payload = payload;
      plan.add(std::move(probe));
    }
  }
  add_fragments(plan);
  add_other_icmp(proof, plan);
  for (const ManyReceivers& group : kGroups) {
    Probe probe = packet_to(literal(group.address));
    probe.kind = group.kind;
    probe.method = Method::datagram;
    probe.endpoint.port = group.port;
    probe.label = group.label;
    probe.payload = probe::plain_text();
    plan.add(std::move(probe));
  }
  const std::vector<IpAddress>& resolvers = plan.outside().resolvers;
  const auto is_v6 = [](const IpAddress& address) { return !address.is_v4(); };
  for (const IpAddress& address : {*std::ranges::find_if_not(resolvers, is_v6),
                                   *std::find_if(resolvers.rbegin(), resolvers.rend(), is_v6)}) {
    Probe probe = packet_to(address, icmp_of(address));
    probe.kind = "refused.ping";
    probe.method = Method::ping;
    probe.label = "echo with data";
    plan.add(std::move(probe));
  }
}

}  // namespace egress::verify
