// What is going to be probed.
#include <set>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egressd/control_service.hpp"

namespace egress::daemon {
namespace {

using control::Refused;

std::optional<Endpoint> endpoint_of(const control::RefusalReport& report) {
  const auto address = IpAddress::parse(report.address);
  const bool is_tcp = report.transport == "tcp";
  if (!address || (!is_tcp && report.transport != "udp")) return std::nullopt;
  return Endpoint{*address, is_tcp ? Transport::tcp : Transport::udp, report.port};
}

Result<std::vector<Endpoint>> endpoints_of(const std::vector<control::RefusalReport>& reports) {
  if (reports.size() > limits::kProbedOfOthers)
    return fail("at most " + std::to_string(limits::kProbedOfOthers) +
                " endpoints can be announced at once");
  std::set<Endpoint> endpoints;
  for (const control::RefusalReport& report : reports) {
    const auto endpoint = endpoint_of(report);
    if (!endpoint) return fail("not an address: " + egress::quoted(report.address));
    endpoints.insert(*endpoint);
  }
  return std::vector<Endpoint>{endpoints.begin(), endpoints.end()};
}

}  // namespace

// Root always has room: what the others announce in a minute is bounded for all of them together.
// Theirs still counts as refused and as a hit, or they could hide what they do.
control::Reply ControlService::carry_out(const control::AnnounceRequest& request,
                                         const control::Peer& peer) {
  const bool is_root = peer.uid == 0;
  const auto endpoints = endpoints_of(request.endpoints);
  const auto allowed = endpoints_of(request.allowed);
  for (const auto* one : {&endpoints, &allowed})
    if (!*one) return Refused{"invalid", one->error().message};
  if (!is_root) {
    if (now() - announced_.since > limits::kProbedMemory) announced_ = {now(), 0};
    if (announced_.endpoints + endpoints->size() > limits::kProbedOfOthers)
      return Refused{"busy", "others have announced as much as there is room for; try in a minute"};
    announced_.endpoints += endpoints->size();
  }
  const auto counted =
      enforcer_.count_probed(is_root ? nft::SetId::verified : nft::SetId::probed, *endpoints);
  if (!counted) return Refused{"failed", counted.error().message};
  if (is_root) {
    const auto tried = enforcer_.count_probed(nft::SetId::tried, *allowed);
    if (!tried) return Refused{"failed", tried.error().message};
  }
  return control::AnnounceReply{endpoints->size()};
}

}  // namespace egress::daemon
