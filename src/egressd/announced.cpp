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

}  // namespace

// Root always has room: what the others announce in a minute is bounded for all of them together.
control::Reply ControlService::carry_out(const control::AnnounceRequest& request,
                                         const control::Peer& peer) {
  if (request.endpoints.size() > limits::kProbedOfOthers)
    return Refused{"invalid", "at most " + std::to_string(limits::kProbedOfOthers) +
                                  " endpoints can be announced at once"};
  std::set<Endpoint> endpoints;
  for (const control::RefusalReport& report : request.endpoints) {
    const auto endpoint = endpoint_of(report);
    if (!endpoint) return Refused{"invalid", "not an address: " + egress::quoted(report.address)};
    endpoints.insert(*endpoint);
  }
  if (peer.uid != 0) {
    if (now() - announced_.since > limits::kProbedMemory) announced_ = {now(), 0};
    if (announced_.endpoints + endpoints.size() > limits::kProbedOfOthers)
      return Refused{"busy", "others have announced as much as there is room for; try in a minute"};
    announced_.endpoints += endpoints.size();
  }
  const auto counted = enforcer_.count_probed({endpoints.begin(), endpoints.end()});
  if (!counted) return Refused{"failed", counted.error().message};
  return control::AnnounceReply{endpoints.size()};
}

}  // namespace egress::daemon
