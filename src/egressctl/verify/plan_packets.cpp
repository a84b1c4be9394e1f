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

Probe packet_to(std::string_view address) {
  Probe probe;
  probe.method = Method::packet;
  probe.endpoint = {literal(address), Transport::udp, 0};
  return probe;
}

// The first to an address that no other probe sends datagrams to: its raw socket hears the errors
// about those as well.
void add_fragments(RefusalPlan& plan) {
  Probe probe = packet_to(kOutsiders.back().v4);
  probe.kind = "refused.fragment";
  probe.method = Method::fragment;
  probe.endpoint.port = kDiscard;
  probe.label = "first fragment";
  plan.add(probe);
  probe.endpoint = packet_to(kOutsiders[1].v4).endpoint;
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

void plan_packets(RefusalPlan& plan) {
  for (const auto& [kind, label, number, payload] : protocols()) {
    for (const std::string_view address : {kOutsiders.front().v4, kOutsiders.front().v6}) {
      Probe probe = packet_to(address);
      probe.kind = kind;
      probe.label = label;
      probe.protocol = number;
      probe.payload = payload;
      plan.add(std::move(probe));
    }
  }
  add_fragments(plan);
  for (const ManyReceivers& group : kGroups) {
    Probe probe = packet_to(group.address);
    probe.kind = group.kind;
    probe.method = Method::datagram;
    probe.endpoint.port = group.port;
    probe.label = group.label;
    probe.payload = probe::plain_text();
    plan.add(std::move(probe));
  }
  for (const std::string_view address : {kForeignResolvers.front(), kForeignResolvers.back()}) {
    Probe probe = packet_to(address);
    probe.kind = "refused.ping";
    probe.method = Method::ping;
    probe.label = "echo with data";
    plan.add(std::move(probe));
  }
}

}  // namespace egress::verify
