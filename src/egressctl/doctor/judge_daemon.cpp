// What the daemon says of itself.
#include <algorithm>

#include "egress/core/interface_pattern.hpp"
#include "egress/core/time_text.hpp"
#include "egressctl/doctor/judge.hpp"
#include "egressctl/doctor/words.hpp"

namespace egress::doctor {

using control::HealthReply;
using control::StatusReply;

Findings judge_mode(const StatusReply& status) {
  if (status.state == "enforcing")
    return {{Severity::ok, "enforcement", "the policy is enforced (egressd " + status.version + ")",
             "", ""}};
  if (status.state == "panic")
    return {{Severity::note, "enforcement", "panic: everything is refused",
             "nothing leaves, not even to what is allowed", "egressctl resume"}};
  if (status.state == "open")
    return {{Severity::weak, "enforcement", "open for a while", "nothing is refused",
             "egressctl resume"}};
  if (status.state == "auditing")
    return {{Severity::weak, "enforcement", "audit mode", "nothing is refused, only counted",
             "set `mode: enforce` in " + status.policy_file + ", then: egressctl reload"}};
  return {{Severity::weak, "enforcement", status.state,
           "what the kernel refuses is not what the policy says",
           "journalctl -u egressd tells why; systemctl restart egressd puts the table back"}};
}

namespace {

Finding drift(const StatusReply& status) {
  return {Severity::weak, "drift",
          counted(status.deviations.size(), "deviation") +
              " from the desired table: " + list(status.deviations),
          "the kernel does not hold what egressd wants it to hold",
          "egressctl diff; systemctl restart egressd"};
}

Finding ownership(const StatusReply& status) {
  if (status.protection == "owned")
    return {Severity::ok, "table", "owned: the kernel lets no other program change it", "", ""};
  if (status.tamperings > 0)
    return {Severity::weak, "table",
            "watched; others changed it " + counted(status.tamperings, "time") +
                ", the last: " + status.last_tampering,
            "each change was undone within milliseconds, in which more may have been open",
            "find what changes it (often nftables.service: systemctl disable --now nftables); "
            "with Linux 6.9 or later the kernel refuses it"};
  return {Severity::note, "table", "watched: others can change it, which is undone (so far: 0)",
          "a program with CAP_NET_ADMIN can open the host for some milliseconds",
          "run Linux 6.9 or later, and egressd without --shared-table"};
}

}  // namespace

namespace {

// Of what is tracked at most three quarters and more are no ordinary load.
Finding flows(const StatusReply& status) {
  const std::string counts = "tracked: " + std::to_string(status.tracked_flows) + " of at most " +
                             std::to_string(status.most_flows);
  if (status.tracked_flows <= status.most_flows / 4 * 3)
    return {Severity::ok, "flows", counts, "", ""};
  return {Severity::note, "flows", counts,
          "where there is no room, new connections fail, allowed ones too",
          "conntrack -L tells whose they are; sysctl -w net.netfilter.nf_conntrack_max=" +
              std::to_string(status.most_flows * 2) + " makes room, also for each one's share"};
}

}  // namespace

Findings judge_table(const StatusReply& status) {
  Findings findings{ownership(status), flows(status)};
  if (status.deviations.empty())
    findings.push_back({Severity::ok, "drift", "none: the table is as desired", "", ""});
  else
    findings.push_back(drift(status));
  return findings;
}

Findings judge_inbound(const StatusReply& status) {
  if (status.inbound != std::vector<std::string>{"any"}) {
    const std::string whom =
        status.inbound.empty() ? "nobody" : "who asks at " + list(status.inbound);
    return {{Severity::ok, "inbound", "answered: " + whom, "", ""}};
  }
  return {
      {Severity::note, "inbound", "any: whoever can reach this host can be answered",
       "what listens here can be sent anything by those who ask first, and can send them anything",
       "`inbound: [22/tcp]` in " + status.policy_file +
           " lists the ports that are answered; then: egressctl reload"}};
}

Findings judge_kernel(const std::string& kernel, const HealthReply& health) {
  std::vector<std::string> names;
  Findings findings;
  for (const control::CapabilityReport& capability : health.capabilities) {
    if (capability.present) names.push_back(capability.name);
    // Who may change the table and what leaves as a raw frame are judged by themselves.
    if (capability.present || capability.name == "ownership" || capability.name == "frame filter")
      continue;
    findings.push_back({Severity::note, "kernel", "Linux " + kernel + " lacks: " + capability.name,
                        capability.cost, "Linux 6.12 or later with all nf_tables modules has it"});
  }
  findings.insert(findings.begin(),
                  {Severity::ok, "kernel", "Linux " + kernel + " has: " + list(names), "", ""});
  return findings;
}

namespace {

// To hold a bridge that is the way out would hold nothing of it, and open it to held containers.
constexpr const char* kGuestsApart =
    "give the guests of the bridge that is the way out a bridge of their own, and name that one "
    "under `forward:`";
constexpr const char* kNoWayOn =
    "its bridge is held, and leads on: take the routes and ports that lead outside from it";
constexpr const char* kHoldTheBridge = "name the bridge under `forward:`";

bool is_way_out(const LinkForwarding& link) {
  return link.has_default_route && link.ports > 0;
}

// "veth1: a port of a bridge": the link's own name.
bool is_port_of_held(const std::string& unheld, const Forwarding& forwarding,
                     const std::vector<std::string>& held) {
  const std::string name = unheld.substr(0, unheld.find(": "));
  return std::ranges::any_of(forwarding.links, [&](const LinkForwarding& link) {
    return link.name == name && !link.bridge.empty() && matches_interface(held, link.bridge);
  });
}

std::string frames_remedy(const StatusReply& status, const Forwarding& forwarding) {
  const bool has_held = std::ranges::any_of(status.unheld_links, [&](const std::string& link) {
    return is_port_of_held(link, forwarding, status.forward);
  });
  const char* first = has_held ? kNoWayOn : kHoldTheBridge;
  if (std::ranges::any_of(forwarding.links, is_way_out)) first = kGuestsApart;
  return first + std::string(
                     "; for containers: docker run --cap-drop NET_RAW; Linux 5.16 or later "
                     "has the filter");
}

}  // namespace

Findings judge_frames(const StatusReply& status, const Forwarding& forwarding) {
  if (status.unheld_links.empty())
    return {{Severity::ok, "raw frames", "refused at: " + list(status.held_links), "", ""}};
  return {{Severity::weak, "raw frames", "not refused at " + list(status.unheld_links),
           "programs with CAP_NET_RAW can send there what the table never sees",
           frames_remedy(status, forwarding)}};
}

Findings judge_dns(const StatusReply& status) {
  if (status.dns == "guard" && status.refuse_with == "refused")
    return {{Severity::note, "dns", "the guard answers refused names with REFUSED",
             "programs with musl (Alpine containers, static binaries) wait 5 s for each of them; "
             "where resolv.conf has search domains they find no name at all",
             "set `dns: { refuse_with: nxdomain }` in " + status.policy_file +
                 ", then: egressctl reload"}};
  if (status.dns == "guard")
    return {{Severity::ok, "dns", "the guard answers every question of this host", "", ""}};
  return {{Severity::weak, "dns", "dns: " + status.dns + ": programs ask the resolvers themselves",
           "any question may carry data to whoever serves its zone",
           "set `dns: guard` in " + status.policy_file + ", then: egressctl reload"}};
}

Findings judge_unheard(const StatusReply& status) {
  Findings findings;
  for (const control::UnheardReport& report : status.unheard)
    findings.push_back({Severity::note, "firewall",
                        "the last DNS question of " + report.link +
                            " did not come to egressd; what may have dropped it: " + report.by,
                        "what runs behind that link resolves no name",
                        "let in what it asks of port 553, UDP and TCP" +
                            std::string(report.command.empty() ? "" : ":"),
                        report.command});
  if (findings.empty())
    findings.push_back(
        {Severity::ok, "firewall", "DNS questions of held links come to egressd", "", ""});
  return findings;
}

namespace {

Finding resolver_finding(const control::ResolverReport& resolver) {
  const std::string counts = resolver.address + ": answers: " + std::to_string(resolver.answers) +
                             ", failures: " + std::to_string(resolver.failures);
  if (resolver.failures_since == 0) return {Severity::ok, "resolver", counts, "", ""};
  return {Severity::note, "resolver",
          counts + ", the last " + std::to_string(resolver.failures_since) + " in a row (" +
              resolver.last_failure + ")",
          "names are told late, or not at all when no other resolver knows",
          "ask it from elsewhere, or pin another one under `resolvers:`"};
}

}  // namespace

Findings judge_resolvers(const StatusReply& status, const HealthReply& health) {
  Findings findings;
  for (const control::ResolverReport& resolver : health.resolvers)
    findings.push_back(resolver_finding(resolver));
  if (health.resolvers.empty())
    findings.push_back({Severity::note, "resolver", "none is pinned", "no name resolves",
                        "name some under `resolvers:` in " + status.policy_file});
  if (!status.failing.empty())
    findings.push_back({Severity::note, "names", "without an address: " + list(status.failing),
                        "they cannot be reached", "egressctl list tells why"});
  return findings;
}

Findings judge_hosts_file(const HealthReply& health) {
  Findings findings;
  for (const std::string& note : health.hosts) {
    const auto remedy = note.rfind("egressctl allow ");
    findings.push_back({Severity::note, "hosts", note.substr(0, note.rfind(": ", remedy)),
                        "the name is allowed, and programs of this host are refused all the same",
                        remedy == note.npos ? "" : note.substr(remedy)});
  }
  if (findings.empty())
    findings.push_back(
        {Severity::ok, "hosts", "/etc/hosts sends no allowed name where it is refused", "", ""});
  return findings;
}

Findings judge_clock(const Clocks& before, const Clocks& after, const HealthReply& health) {
  constexpr std::int64_t kToleranceMs = 2'000;
  const auto wall = parse_wall_time(health.wall);
  const bool is_boot_ours = health.boottime_ms + kToleranceMs >= before.boottime_ms &&
                            health.boottime_ms - kToleranceMs <= after.boottime_ms;
  const std::int64_t wall_s = wall ? wall->time_since_epoch().count() : 0;
  const bool is_wall_ours = wall_s + 2 >= before.wall_s && wall_s - 2 <= after.wall_s;
  if (!is_boot_ours || !is_wall_ours)
    return {{Severity::note, "clock", "egressd's clocks are not those of egressctl",
             "one of them runs in a time namespace: times that are shown here are not its own",
             "run egressctl where egressd runs"}};
  if (after.is_synchronised.value_or(false))
    return {{Severity::ok, "clock", "synchronised", "", ""}};
  return {{Severity::note, "clock",
           after.is_synchronised ? "not synchronised" : "not known whether it is synchronised",
           "entries with `until:` end by this clock; nothing else is decided by it",
           "allow the time servers of this host's own client (`services: { ntp: system }`; as "
           "shipped they are names below pool.ntp.org: `ntp: [.pool.ntp.org]`) and run that "
           "client"}};
}

}  // namespace egress::doctor
