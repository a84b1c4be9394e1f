// What this host forwards, who on it holds rights over its network, and what comes after a boot.
#include <algorithm>

#include "egress/core/interface_pattern.hpp"
#include "egressctl/doctor/capabilities.hpp"
#include "egressctl/doctor/judge.hpp"
#include "egressctl/doctor/words.hpp"

namespace egress::doctor {
namespace {

std::string families(bool ipv4, bool ipv6) {
  if (ipv4 && ipv6) return "IPv4 and IPv6";
  return ipv4 ? "IPv4" : "IPv6";
}

constexpr const char* kForwardRemedy =
    "take the key `forward` out of /etc/egressd/egressd.yaml, which holds every interface but the "
    "way out, or name the interface under `forward:`; then: egressctl reload";
constexpr const char* kExceptRemedy =
    "to hold it as well, take it out of `except:` under `forward:` in /etc/egressd/egressd.yaml; "
    "then: egressctl reload";

constexpr const char* kBehind = "containers and machines behind it reach whatever they want";

// One port of it leads outside: what is at the others is on the outside's segment, where no packet
// passes this host's rules. To hold the bridge would hold nothing of it.
OpenPassage shared_segment(const LinkForwarding& bridge) {
  const std::size_t guests = bridge.ports - 1;
  return {bridge.name,
          "a bridge that is the way out has " + counted(guests, "more port") +
              ", and what is there is not held",
          kBehind,
          "give these guests a bridge of their own that has no way out itself; where the key "
          "`forward` of /etc/egressd/egressd.yaml has a list, name that bridge there",
          bridge.is_up};
}

}  // namespace

namespace {

// Where all is held, the rules name what is not: each link that comes is held before it is known.
bool is_held(const LinkForwarding& link, const control::StatusReply& status) {
  if (matches_interface(status.forward, link.name)) return true;
  return status.holds_all && !matches_interface(status.released, link.name);
}

// egressd knows more ways out than the main table has: those of a VPN are in one of its own.
bool is_way_out(const LinkForwarding& link, const control::StatusReply& status) {
  if (!status.holds_all) return link.has_default_route;
  return std::ranges::find(status.uplinks, link.name) != status.uplinks.end();
}

}  // namespace

// What comes in by the way out is the internet's; what comes in by a port comes in by its bridge;
// what comes in by another leaves unjudged.
std::vector<OpenPassage> open_passages(const Forwarding& forwarding,
                                       const control::StatusReply& status) {
  std::vector<OpenPassage> passages;
  for (const LinkForwarding& link : forwarding.links) {
    const bool leads_out = is_way_out(link, status);
    if (leads_out && link.ports > 1) passages.push_back(shared_segment(link));
    if (!link.ipv4 && !link.ipv6) continue;
    if (leads_out || !link.bridge.empty() || is_held(link, status)) continue;
    passages.push_back({link.name,
                        families(link.ipv4, link.ipv6) + " is forwarded, and it is not held",
                        kBehind, status.holds_all ? kExceptRemedy : kForwardRemedy, link.is_up});
  }
  return passages;
}

namespace {

Findings judge_links(const Forwarding& forwarding, const control::StatusReply& status) {
  Findings findings;
  for (const auto& [link, what, means, remedy, is_up] : open_passages(forwarding, status))
    findings.push_back(
        {Severity::weak, "forwarding", "what comes in at " + link + ": " + what, means, remedy});
  return findings;
}

}  // namespace

Findings judge_forwarding(const Forwarding& forwarding, const control::StatusReply& status) {
  Findings findings = judge_links(forwarding, status);
  if (!findings.empty()) return findings;
  if (!forwarding.ipv4 && !forwarding.ipv6)
    return {{Severity::ok, "forwarding", "off, IPv4 and IPv6", "", ""}};
  const std::string on = families(forwarding.ipv4, forwarding.ipv6) + " on";
  if (status.holds_all)
    return {
        {Severity::ok, "forwarding", on + ", held: all but what comes in by the way out", "", ""}};
  if (!status.forward.empty())
    return {{Severity::ok, "forwarding", on + ", held: " + list(status.forward), "", ""}};
  return {{Severity::weak, "forwarding", on + ", and no interface is held",
           "whatever is put behind this host (containers, machines) is not held to the list",
           forwarding.ipv6 && !forwarding.ipv4
               ? "sysctl -w net.ipv6.conf.all.forwarding=0; or " + std::string(kForwardRemedy)
               : kForwardRemedy}};
}

// A router for other machines, which worked before it was held.
Findings judge_routed(const Forwarding& forwarding, const std::vector<std::string>& outward) {
  Findings findings;
  for (const LinkForwarding& link : forwarding.links) {
    const bool is_outward = std::ranges::find(outward, link.name) != outward.end();
    if (!is_outward || !link.is_up || (!link.ipv4 && !link.ipv6)) continue;
    findings.push_back(
        {Severity::note, "routing",
         families(link.ipv4, link.ipv6) + " that comes in at " + link.name +
             " is held to the list when it is forwarded",
         "machines behind it for which this host is the router reach nothing else",
         "to let it pass unjudged, a line in /etc/egressd/egressd.yaml, and egressctl reload:",
         "forward: { except: [" + link.name + "] }"});
  }
  return findings;
}

namespace {

constexpr uid_t kFirstPerson = 1000;  // login.defs(5): UID_MIN
constexpr std::size_t kShown = 4;     // of the processes of one kind

bool is_agents(const Process& process, const std::vector<User>& agents) {
  return std::ranges::any_of(agents, [&](const User& agent) { return agent.uid == process.uid; });
}

std::vector<std::string> described(const std::vector<const Process*>& processes) {
  std::vector<std::string> words;
  for (const Process* process : processes)
    words.push_back(process->name + " (pid " + std::to_string(process->pid) + ", " + process->user +
                    ": " + capability_names(process->capabilities) + ")");
  return words;
}

// One row for all of a kind: a container may run hundreds of processes.
struct Kind {
  Severity severity;
  const char* subject;
  const char* what;
  const char* means;
  const char* remedy;
};
constexpr Kind kPrivileged{Severity::weak, "containers", "privileged: ",
                           "it can become root of this host, which can undo everything",
                           "run it without --privileged and without --cap-add SYS_ADMIN"};
constexpr Kind kHostNetwork{Severity::weak, "containers", "with rights over this host's network: ",
                            "it can make links and routes of its own, and send raw frames",
                            "docker run --cap-drop NET_ADMIN --cap-drop NET_RAW, or without "
                            "--network host"};
constexpr Kind kAgent{Severity::weak, "processes",
                      "of people or the agent, with rights over the "
                      "network: ",
                      "it can make links and routes of its own, or send raw frames",
                      "take the capability from the program: setcap -r FILE; "
                      "AmbientCapabilities= in its unit"};
constexpr Kind kService{Severity::note, "processes", "services with rights over the network: ",
                        "egressd does not hold them back more than its table does",
                        "see that the agent does not control them"};

const Kind* kind_of(const Process& process, const std::vector<User>& agents) {
  const bool has_network = (process.capabilities & (kNetAdmin | kNetRaw)) != 0;
  if (process.is_container && (process.capabilities & kSysAdmin) != 0) return &kPrivileged;
  if (!process.is_in_our_network || !has_network) return nullptr;
  if (process.is_container) return &kHostNetwork;
  if (process.uid == 0) return nullptr;
  return is_agents(process, agents) || process.uid >= kFirstPerson ? &kAgent : &kService;
}

}  // namespace

Findings judge_processes(const Processes& processes, const std::vector<User>& agents,
                         pid_t daemon) {
  Findings findings;
  for (const Kind* kind : {&kPrivileged, &kHostNetwork, &kAgent, &kService}) {
    std::vector<const Process*> found;
    for (const Process& process : processes.mighty)
      if (process.pid != daemon && kind_of(process, agents) == kind) found.push_back(&process);
    if (found.empty()) continue;
    findings.push_back({kind->severity, kind->subject, kind->what + list(described(found), kShown),
                        kind->means, kind->remedy});
  }
  if (processes.unreadable > 0)
    findings.push_back({Severity::note, "processes",
                        "not known: " + std::to_string(processes.unreadable) + " process" +
                            (processes.unreadable == 1 ? "" : "es") + " of others",
                        "privileged containers were not looked for among them",
                        "run as root: egressctl doctor"});
  if (findings.empty())
    findings.push_back({Severity::ok, "processes",
                        "none but egressd and this host's root has rights over the network", "",
                        ""});
  return findings;
}

namespace {

Findings judge_unit(const Unit& unit, const char* means) {
  if (unit.enabled == "enabled" || unit.enabled == "static")
    return {{Severity::ok, "boot", unit.name + " is " + unit.enabled, "", ""}};
  return {{Severity::weak, "boot",
           unit.name + " is " + (unit.enabled.empty() ? "unknown to systemd" : unit.enabled), means,
           "systemctl enable --now " + unit.name}};
}

}  // namespace

Findings judge_units(const Units& units, bool is_owned) {
  if (!units.has_systemd || units.daemon.enabled.empty() || units.daemon.enabled == "not-found")
    return {{Severity::note, "boot", "egressd is not run by systemd",
             "nothing starts it at boot or after a crash, unless you do",
             "install it with its units: systemctl enable --now egressd"}};
  Findings findings = judge_unit(units.daemon, "after a boot nothing is refused");
  const auto add = [&](Findings more) { std::ranges::move(more, std::back_inserter(findings)); };
  if (units.lockdown.enabled != "not-found" && !units.lockdown.enabled.empty())
    add(judge_unit(units.lockdown, "a boot at which egressd cannot start is open"));
  add(judge_unit(units.sockets, "the guard cannot listen, and no name resolves"));
  if (units.sockets.active != "active")
    findings.push_back({Severity::note, "boot", units.sockets.name + " does not listen",
                        "questions fail while egressd is restarted",
                        "systemctl start " + units.sockets.name});
  if (is_owned && units.daemon.active == "active" && units.daemon.stored_descriptors == 0)
    findings.push_back({Severity::note, "boot", "systemd does not hold the table's socket",
                        "while egressd is dead, another program may change the table",
                        "FileDescriptorStoreMax=4 in egressd.service; systemctl restart egressd"});
  return findings;
}

}  // namespace egress::doctor
