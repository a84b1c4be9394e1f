#include <algorithm>
#include <array>

#include "adapters/probe/payloads.hpp"
#include "egress/core/address_class.hpp"
#include "egressctl/verify/guard_questions.hpp"
#include "egressctl/verify/outsiders.hpp"
#include "egressctl/verify/plan_places.hpp"
#include "egressctl/verify/refusal_plan.hpp"

namespace egress::verify {

namespace {

constexpr Port kSsh = 22;
constexpr Port kProxy = 3128;

// At both addresses of a host, unless the policy opens that port of its name.
template <class Add>
void at_both(const OutsideHost& host, Transport transport, Port port, RefusalPlan& plan,
             KindId kind, const Add& add) {
  if (const auto opener = plan.allowed().opener(host.name, transport, port))
    return plan.skip(kind, host.name.text(), *opener);
  for (const IpAddress& address : host.addresses) add(Endpoint{address, transport, port});
}

// As `curl --connect-to` and a hosts file do it: the name is allowed, the address is not.
void add_borrowed_name(const control::ProofReply& proof, RefusalPlan& plan) {
  const auto names = allowed_names(proof);
  if (names.empty()) return;
  const OutsideHost& elsewhere = plan.outside().hosts.back();
  Probe pattern = probe_for(names.front().name);
  pattern.kind = "refused.connect-to";
  pattern.method = Method::tls;
  pattern.label = names.front().name.text() + " at the address of " + elsewhere.name.text();
  const auto add = [&](const Endpoint& endpoint) {
    Probe probe = pattern;
    probe.endpoint = endpoint;
    plan.add(std::move(probe));
  };
  at_both(elsewhere, Transport::tcp, kHttps, plan, pattern.kind, add);
}

void add_from_port_53(RefusalPlan& plan) {
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    const auto add = [&](const Endpoint& endpoint) {
      Probe probe;
      probe.kind = "refused.source-port";
      probe.method = transport == Transport::tcp ? Method::tcp : Method::datagram;
      probe.endpoint = endpoint;
      probe.source_port = kDns;
      probe.payload = probe::plain_text();
      probe.label = "from source port 53";
      plan.add(std::move(probe));
    };
    at_both(plan.outside().hosts.front(), transport, kHttps, plan, "refused.source-port", add);
  }
}

struct Address {
  std::string_view text;
  std::string_view label;
};
// The last three lead to the first: through the socket (RFC 4291 section 2.5.5.2), a translator
// (RFC 6052) or a relay (RFC 3056).
constexpr std::array<Address, 8> kMetadataAddresses{
    {{"169.254.169.254", "cloud metadata"},
     {"fd00:ec2::254", "cloud metadata (AWS)"},
     {"168.63.129.16", "cloud metadata (Azure)"},
     {"100.100.100.200", "cloud metadata (Alibaba)"},
     {"192.0.0.192", "cloud metadata (Oracle)"},
     {"::ffff:169.254.169.254", "cloud metadata, v4-mapped"},
     {"64:ff9b::a9fe:a9fe", "cloud metadata by NAT64"},
     {"2002:a9fe:a9fe::", "cloud metadata by 6to4"}}};

}  // namespace

void plan_metadata(const control::ProofReply& proof, RefusalPlan& plan) {
  for (const auto& [text, label] : kMetadataAddresses) {
    if (proof.opens_metadata) {
      plan.skip("refused.metadata", std::string(label),
                "services.metadata, for root and five minutes after the boot");
      continue;
    }
    plan.add("refused.metadata", Method::tcp, {literal(text), Transport::tcp, 80},
             std::string(label));
  }
}

void plan_detours(const control::ProofReply& proof, RefusalPlan& plan) {
  add_borrowed_name(proof, plan);
  const auto connect = [&](KindId kind, std::string label) {
    return [&plan, kind, label](const Endpoint& endpoint) {
      plan.add(kind, Method::tcp, endpoint, label);
    };
  };
  const OutsideHost& second = plan.outside().hosts[1];  // of those that are built in: github.com
  at_both(second, Transport::tcp, kSsh, plan, "refused.ssh",
          connect("refused.ssh", "SSH to " + second.name.text()));
  at_both(plan.outside().hosts.back(), Transport::tcp, kProxy, plan, "refused.proxy",
          connect("refused.proxy", "an outside proxy"));
  add_from_port_53(plan);
}

// What stays on this host leaves nothing.
void plan_encrypted_dns(const control::ProofReply& proof, RefusalPlan& plan) {
  std::vector<IpAddress> servers = plan.outside().resolvers;
  const IpAddress pinned = asked_at(proof, plan.outside()).front();
  if (classify(pinned) != AddressClass::loopback &&
      std::ranges::find(servers, pinned) == servers.end())
    servers.push_back(pinned);
  for (const IpAddress& server : servers) {
    plan.add("refused.dns-over-tls", Method::tcp, {server, Transport::tcp, kDnsOverTls},
             "DNS over TLS");
    Probe datagram;
    datagram.kind = "refused.dns-over-quic";
    datagram.method = Method::datagram;
    datagram.endpoint = {server, Transport::udp, kDnsOverTls};
    datagram.label = "DNS over QUIC";
    datagram.payload = probe::quic_first_packet();
    plan.add(std::move(datagram));
  }
  for (const OutsideHost& host : plan.outside().doh) {
    for (const IpAddress& address : host.addresses) {
      plan.add("refused.dns-over-https", Method::tcp, {address, Transport::tcp, kHttps},
               "DNS over HTTPS, " + host.name.text());
    }
  }
}

}  // namespace egress::verify
