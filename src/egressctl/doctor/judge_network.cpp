// By which ways a program may speak in another's name, or past the network.
#include <algorithm>

#include "egress/core/interface_pattern.hpp"
#include "egressctl/doctor/capabilities.hpp"
#include "egressctl/doctor/judge.hpp"
#include "egressctl/doctor/words.hpp"

namespace egress::doctor {
namespace {

bool forwards(const Forwarding& forwarding, const std::string& name) {
  return std::ranges::any_of(forwarding.links, [&](const LinkForwarding& link) {
    return link.name == name && (link.ipv4 || link.ipv6);
  });
}

Finding written(const WrittenLink& link, bool is_forwarded) {
  return {
      Severity::weak, "tun",
      "packets of " + link.name + " are written by " + link.owner +
          (is_forwarded ? ", and this host forwards them" : ""),
      is_forwarded ? "that user reaches whatever he wants, in whatever name"
                   : "that user may speak to this host in whatever name, and is answered",
      "name it under `forward:` in /etc/egressd/egressd.yaml, or take it away: ip link delete " +
          link.name};
}

}  // namespace

Findings judge_written_links(const Devices& devices, const Forwarding& forwarding,
                             const std::vector<std::string>& held) {
  Findings findings;
  std::vector<std::string> others;
  for (const WrittenLink& link : devices.written) {
    const bool is_users = !link.owner.empty() && link.uid != 0;
    if (is_users && !matches_interface(held, link.name))
      findings.push_back(written(link, forwards(forwarding, link.name)));
    else
      others.push_back(link.name + (is_users ? " (" + link.owner + ", held)" : ""));
  }
  if (findings.empty())
    findings.push_back({Severity::ok, "tun", "links that users write to: " + list(others), "", ""});
  return findings;
}

// Of links with other machines behind them the kernel's settings are the host's own affair.
Findings judge_held_links(const Forwarding& forwarding, const std::vector<std::string>& held,
                          const std::vector<std::string>& wires) {
  std::vector<std::string> unchecked, led;
  for (const LinkForwarding& link : forwarding.links) {
    if (!matches_interface(held, link.name) || !link.is_up) continue;
    if (std::ranges::find(wires, link.name) != wires.end()) continue;
    if (!link.checks_sources) unchecked.push_back(link.name);
    if (link.accepts_routers) led.push_back(link.name);
  }
  Findings findings;
  if (!unchecked.empty())
    findings.push_back({Severity::note, "rp_filter", "off at " + list(unchecked),
                        "only egressd's own rules stop a container that speaks in another's name",
                        "sysctl -w net.ipv4.conf." + unchecked.front() +
                            ".rp_filter=1, for each; in /etc/sysctl.d for after a boot"});
  if (!led.empty())
    findings.push_back({Severity::note, "accept_ra",
                        "router advertisements are taken at " + list(led),
                        "only egressd's own rules stop a container that wants to be this host's "
                        "router",
                        "sysctl -w net.ipv6.conf." + led.front() +
                            ".accept_ra=0, for each; in /etc/sysctl.d for after a boot"});
  if (findings.empty())
    findings.push_back({Severity::ok, "held links",
                        "the kernel checks sources there and takes no router's word", "", ""});
  return findings;
}

Findings judge_other_ways(const Devices& devices) {
  Findings findings;
  if (devices.vsock_cid)
    findings.push_back(
        {Severity::note, "vsock",
         "this machine is guest " + std::to_string(*devices.vsock_cid) +
             " of one that it can talk to (AF_VSOCK)",
         "programs may talk to services of the machine below, which no packet filter sees",
         "RestrictAddressFamilies=~AF_VSOCK in the agent's unit; or \"install vsock "
         "/bin/false\" in /etc/modprobe.d/no-vsock.conf and a reboot"});
  if (devices.hosts_vsock)
    findings.push_back(
        {Severity::note, "vsock", "guests of this host can be talked to (/dev/vhost-vsock)",
         "programs may talk to virtual machines here, which no packet filter sees",
         "RestrictAddressFamilies=~AF_VSOCK in the agent's unit; rmmod vhost_vsock"});
  if (!devices.rdma.empty())
    findings.push_back({devices.is_rdma_for_all ? Severity::weak : Severity::note, "rdma",
                        list(devices.rdma) + (devices.is_rdma_for_all ? ", for everybody" : ""),
                        "what is sent by RDMA verbs passes no packet filter",
                        "chmod o-rw /dev/infiniband/* by a rule of udev; or rmmod the driver"});
  if (findings.empty())
    findings.push_back(
        {Severity::ok, "other ways", "no AF_VSOCK to another machine, no RDMA device", "", ""});
  return findings;
}

Findings judge_programs(const Programs& programs) {
  std::vector<std::string> words;
  for (const CapableProgram& program : programs.capable)
    words.push_back(program.path + " (" + capability_names(program.capabilities) + ")");
  const std::string unread = programs.is_whole ? "" : "; not everything was looked at";
  if (words.empty() && programs.is_whole)
    return {{Severity::ok, "programs", "none has rights over the network by its file", "", ""}};
  return {{Severity::note, "programs",
           "with rights over the network, for all who start them: " + list(words) + unread,
           "packets that they make by hand are held to the list, and to this host's own name",
           "setcap -r FILE where the agent has no use for it; all: getcap -r / 2>/dev/null"}};
}

Findings judge_ports(unsigned first_free_port) {
  constexpr unsigned kUsual = 1024;
  if (first_free_port >= kUsual)
    return {{Severity::ok, "ports", "those below 1024 take a right", "", ""}};
  return {
      {Severity::weak, "ports",
       "those from " + std::to_string(first_free_port) + " on take no right",
       "a program may send as a DHCP client, or answer DNS in egressd's place while it is away",
       "sysctl -w net.ipv4.ip_unprivileged_port_start=1024; in /etc/sysctl.d for after a boot"}};
}

}  // namespace egress::doctor
