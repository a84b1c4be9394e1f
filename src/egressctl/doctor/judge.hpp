// Pure judges: facts in, findings out. Each says at least one thing, so that what was looked at is
// seen.
#pragma once

#include "control/messages.hpp"
#include "egressctl/doctor/facts.hpp"
#include "egressctl/doctor/finding.hpp"

namespace egress::doctor {

// ---- what the daemon says
Findings judge_mode(const control::StatusReply& status);
Findings judge_table(const control::StatusReply& status);    // who may change it, and who did
Findings judge_inbound(const control::StatusReply& status);  // who may ask first
Findings judge_kernel(const std::string& kernel, const control::HealthReply& health);
Findings judge_frames(const control::StatusReply& status, const Forwarding& forwarding = {});
Findings judge_dns(const control::StatusReply& status);
Findings judge_unheard(const control::StatusReply& status);  // by other firewalls
Findings judge_hosts_file(
    const control::HealthReply& health);  // names that the list does not reach
Findings judge_resolvers(const control::StatusReply& status, const control::HealthReply& health);
Findings judge_clock(const Clocks& before, const Clocks& after, const control::HealthReply& health);

// A way through this host that nothing holds.
struct OpenPassage {
  std::string link;
  std::string what;  // "is forwarded, and it is not held"
  std::string means, remedy;
  bool is_up = true;
};
std::vector<OpenPassage> open_passages(const Forwarding& forwarding,
                                       const control::StatusReply& status);

// ---- what this host shows
Findings judge_forwarding(const Forwarding& forwarding, const control::StatusReply& status);
Findings judge_routed(const Forwarding& forwarding, const std::vector<std::string>& outward);
Findings judge_written_links(const Devices& devices, const Forwarding& forwarding,
                             const std::vector<std::string>& held);
Findings judge_held_links(const Forwarding& forwarding, const std::vector<std::string>& held,
                          const std::vector<std::string>& wires = {});
Findings judge_other_ways(const Devices& devices);  // AF_VSOCK, RDMA
Findings judge_programs(const Programs& programs);
Findings judge_ports(unsigned first_free_port);
Findings judge_groups(const std::vector<Group>& groups, const std::vector<User>& agents);
Findings judge_sockets(const std::vector<SocketFile>& sockets, const std::vector<User>& agents);
Findings judge_control_socket(const std::optional<ControlSocket>& socket,
                              const std::vector<Group>& groups, uid_t daemon);
Findings judge_agents(const std::vector<User>& agents, const std::vector<std::string>& unknown);
Findings judge_processes(const Processes& processes, const std::vector<User>& agents, pid_t daemon);
Findings judge_cloud_init(const CloudInit& cloud, bool has_metadata_at_boot = false);
Findings judge_units(const Units& units, bool is_owned);

// All of them, the weak ones first.
Findings judge(const Host& host, const control::StatusReply& status,
               const control::HealthReply& health);

// Groups whose members may become root, or may change the policy.
inline constexpr const char* kPolicyGroup = "egress";
std::vector<std::string> mighty_groups();

}  // namespace egress::doctor
