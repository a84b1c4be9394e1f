// Time services ask a server for as long as it answers, and never look at its name again, while a
// pool names others every few minutes. So what is in use stays open.

#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

constexpr std::size_t kAtOnce = 256;  // each is looked up in the kernel; a time service asks a few

bool opens_time(const Inputs& inputs, const DnsName& name) {
  return std::ranges::any_of(inputs.entries_of(name),
                             [](const auto* entry) { return entry->asks_time(); });
}

}  // namespace

std::vector<Endpoint> Engine::time_servers_ending(Instant now) const {
  std::vector<Endpoint> servers;
  if (!has_policy() || !compile_base(inputs_).judges_time) return servers;
  names_.for_each_ending(now + limits::kTimeLook,
                         [&](const DnsName& name, const IpAddress& address) {
                           if (servers.size() < kAtOnce && opens_time(inputs_, name))
                             servers.push_back({address, Transport::udp, policy::kNtp});
                         });
  return servers;
}

void Engine::on(const TimeServersUsed& event, Instant now) {
  const auto kept = limits::kTimeKept * inputs_.policy->limits.grace;
  for (const TimeServersUsed::Use& use : event.uses) {
    if (use.at + kept <= now) continue;
    for (const DnsName* name : names_.owners(use.address))
      if (opens_time(inputs_, *name)) touch(names_.keep(*name, use.address, use.at + kept));
  }
}

}  // namespace egress::engine
