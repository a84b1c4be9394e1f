#include "egressctl/doctor/judge.hpp"

#include <iterator>

namespace egress::doctor {

std::string_view text(Severity severity) {
  switch (severity) {
    case Severity::ok:
      return "ok";
    case Severity::note:
      return "note";
    case Severity::weak:
      return "weak";
  }
  return "";
}

Findings judge(const Host& host, const control::StatusReply& status,
               const control::HealthReply& health) {
  Findings all;
  const auto add = [&](Findings more) { std::ranges::move(more, std::back_inserter(all)); };
  add(judge_mode(status));
  add(judge_table(status));
  add(judge_inbound(status));
  add(judge_kernel(host.kernel, health));
  add(judge_frames(status, host.forwarding));
  add(judge_dns(status));
  add(judge_unheard(status));
  add(judge_forwarding(host.forwarding, status));
  add(judge_routed(host.forwarding, status.outward));
  add(judge_held_links(host.forwarding, status.forward, status.wires));
  add(judge_written_links(host.devices, host.forwarding, status.forward));
  add(judge_other_ways(host.devices));
  add(judge_programs(host.programs));
  add(judge_ports(host.first_free_port));
  add(judge_agents(host.agents, host.unknown_agents));
  add(judge_groups(host.groups, host.agents));
  add(judge_sockets(host.sockets, host.agents));
  add(judge_control_socket(host.control, host.groups, static_cast<uid_t>(health.uid)));
  add(judge_processes(host.processes, host.agents, static_cast<pid_t>(health.pid)));
  add(judge_units(host.units, status.protection == "owned"));
  add(judge_cloud_init(host.cloud_init, status.metadata_s.has_value()));
  add(judge_resolvers(status, health));
  add(judge_hosts_file(health));
  add(judge_clock(host.before, host.after, health));
  std::ranges::stable_sort(all, std::ranges::greater{}, &Finding::severity);
  return all;
}

}  // namespace egress::doctor
