#include <array>
#include <optional>

#include "adapters/probe/payloads.hpp"
#include "egress/core/address_class.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/plan_places.hpp"
#include "egressctl/verify/refusal_plan.hpp"

namespace egress::verify {

namespace {

// What other services of the same machine would be at.
constexpr std::array<Port, 3> kWrongPorts{22, 80, 8443};

struct Neighbourhood {
  std::string label;  // of the entry
  IpAddress address;
  Port port = 0;
};

// The first allowed TCP endpoint of the family that is out on the internet; else the first at all.
std::optional<Neighbourhood> find(const control::ProofReply& proof, Family family) {
  std::optional<Neighbourhood> inside;
  for (const auto& endpoint : proof.endpoints) {
    for (const auto& [text, element, hits] : endpoint.addresses) {
      const auto address = IpAddress::parse(text);
      if (!address || address->family() != family || endpoint.transport != "tcp") continue;
      const Neighbourhood found{label_of(endpoint), *address, endpoint.port};
      if (classify(*address) == AddressClass::unicast) return found;
      if (!inside) inside = found;
    }
  }
  return inside;
}

IpAddress with_last_octet(const IpAddress& address, std::uint8_t octet) {
  const auto octets = address.octets();
  if (address.is_v4()) return IpAddress::v4({octets[0], octets[1], octets[2], octet});
  std::array<std::uint8_t, 16> all{};
  std::ranges::copy(octets, all.begin());
  all.back() = octet;
  return IpAddress::v6(all);
}

// In the same /24, or /120; the nearest that nothing opens.
void add_neighbour(const Neighbourhood& at, RefusalPlan& plan) {
  const std::string label = "neighbour of " + at.label;
  const int own = at.address.octets().back();
  std::string opener;
  for (const int step : {1, -1, 2, -2, 16, -16, 64, -64}) {
    const int octet = own + step;
    if (octet < 1 || octet > 254) continue;
    const Endpoint next{with_last_octet(at.address, static_cast<std::uint8_t>(octet)),
                        Transport::tcp, at.port};
    const auto open = plan.allowed().opener(next);
    if (!open) return plan.add("refused.neighbour", Method::tcp, next, label);
    opener = *open;
  }
  plan.skip("refused.neighbour", label, opener);
}

void add_quic(const Neighbourhood& at, RefusalPlan& plan) {
  Probe probe;
  probe.kind = "refused.quic";
  probe.method = Method::datagram;
  probe.endpoint = {at.address, Transport::udp, kHttps};
  probe.label = "QUIC to " + at.label;
  probe.payload = probe::quic_first_packet();
  plan.add(std::move(probe));
}

}  // namespace

void plan_neighbourhood(const control::ProofReply& proof, RefusalPlan& plan) {
  for (const Family family : kFamilies) {
    const auto at = find(proof, family);
    if (!at) continue;
    for (const Port port : kWrongPorts) {
      plan.add("refused.wrong-port", Method::tcp, {at->address, Transport::tcp, port},
               "wrong port of " + at->label);
    }
    add_quic(*at, plan);
    if (classify(at->address) == AddressClass::unicast) add_neighbour(*at, plan);
  }
}

}  // namespace egress::verify
