#include "egress/nft/layout.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "egress/core/limits.hpp"
#include "nft/crowd.hpp"
#include "nft/guard.hpp"
#include "nft/inbound.hpp"
#include "nft/portless.hpp"
#include "nft/protocols.hpp"
#include "nft/questions.hpp"
#include "nft/sources.hpp"

namespace egress::nft {
namespace {

constexpr std::array kAnnounced{SetId::probed, SetId::verified, SetId::tried};
constexpr Port kTime = 123;
constexpr const char* kTurnAway = "turn-away";

std::vector<SetDefinition> sets(const Base& base) {
  std::vector<SetDefinition> all;
  for (const Family family : kFamilies) {
    all.push_back({.name = set_name(SetId::allow, family), .family = family, .has_timeout = true});
    all.push_back({.name = set_name(SetId::peers, family),
                   .family = family,
                   .key = SetDefinition::Key::peer,
                   .has_timeout = true});
    all.push_back({.name = set_name(SetId::resolvers, family), .family = family});
    all.push_back({.name = set_name(SetId::nets, family),
                   .family = family,
                   .is_interval = true,
                   .has_timeout = true});
    if (base.metadata_at_boot)
      all.push_back({.name = set_name(SetId::boot, family), .family = family, .has_timeout = true});
    if (base.judges_forwarded() && !base.is_panic) all.push_back(senders_set(family));
    if (!base.counts_destinations) continue;
    all.push_back(tally_set(Tally::hits, family));
    all.push_back(tally_set(Tally::refused, family));
    for (const SetId set : kAnnounced) all.push_back(announced_set(set, family));
  }
  for (SetDefinition& set : known_sets(base)) all.push_back(std::move(set));
  for (SetDefinition& set : crowd_sets(base)) all.push_back(std::move(set));
  for (SetDefinition& set : question_sets(base)) all.push_back(std::move(set));
  return all;
}

// What a connection that was admitted may still send: its own packets. One that was cut has to pass
// the judge with every packet; the errors that tell its ends so are not its own packets.
std::vector<Rule> admitted_flows(const Base& base, const std::string& judge) {
  std::vector<Rule> rules;
  if (base.cuts_flows) {
    rules.push_back({CtMark{kCutMark}, CtState{.established = true}, Goto{judge}});
  }
  judge_answers(base, judge, rules);
  // A client that asks every minute from one port has one flow for hours. What stays on the host is
  // none of the list's business.
  if (base.judges_time) {
    rules.push_back({OutLoopback{}, Layer4{{kUdp}}, DestinationPort{kTime}, Accept{}});
    rules.push_back({Layer4{{kUdp}}, DestinationPort{kTime}, CtOriginal{}, Goto{judge}});
  }
  rules.push_back({CtState{.established = true}, Accept{}});
  return rules;
}

// In rules of their own: an update that finds no room ends its rule, and must not end more.
void count_destinations(const Base& base, Tally tally, std::vector<Rule>& rules) {
  if (!base.counts_destinations) return;
  for (const Family family : kFamilies)
    rules.push_back({Layer4{{kTcp, kUdp}}, CountDestination{tally, family}});
}

// A destination that is probed counts on its own element, also while the set of the others is full.
// Root's probes count nowhere else; what others announce hides nothing.
void count_probed(const Base& base, std::vector<Rule>& rules) {
  if (!base.counts_destinations) return;
  for (const Family family : kFamilies)
    rules.push_back({DestinationInSet{SetId::verified, family}, Goto{kTurnAway}});
  for (const Family family : kFamilies) rules.push_back({DestinationInSet{SetId::probed, family}});
}

// Every packet that ends here is counted and remembered.
Chain refuse(const Base& base) {
  std::vector<Rule> rules{{CountAs{std::string(kRefusedCounter)}}};
  count_probed(base, rules);
  count_destinations(base, Tally::refused, rules);
  rules.push_back({Goto{kTurnAway}});
  return {.name = "refuse", .hook = {}, .rules = std::move(rules)};
}

// In audit mode it passes all the same.
Chain turn_away(const Base& base) {
  std::vector<Rule> rules;
  if (base.logs_refusals) rules.push_back({LogLimited{std::string(kLogPrefix)}});
  const bool has_end = base.is_audit && base.audit_ends;
  if (has_end) rules.push_back({Before{*base.audit_ends}, Accept{}});
  if (base.is_audit && !has_end) {
    rules.push_back({Accept{}});
  } else {
    rules.push_back({Layer4{{kTcp}}, RejectWithReset{}});
    rules.push_back({RejectProhibited{}});
  }
  return {.name = kTurnAway, .hook = {}, .rules = std::move(rules)};
}

// What verify connects to is not in use for that.
Chain admit(const Base& base) {
  std::vector<Rule> rules;
  if (base.counts_destinations) {
    for (const Family family : kFamilies)
      rules.push_back({DestinationInSet{SetId::tried, family}, Accept{}});
  }
  count_destinations(base, Tally::hits, rules);
  rules.push_back({Accept{}});
  return {.name = "admit", .hook = {}, .rules = std::move(rules)};
}

// Only new flows get here. The large set comes first. With a guard the resolvers are for egressd
// alone.
Chain judge(const Base& base) {
  std::vector<Rule> rules;
  admit_in(SetId::allow, rules);
  rules.push_back(to_portless());
  admit_in(SetId::nets, rules);
  if (!base.dns_guard) admit_in(SetId::resolvers, rules);
  rules.push_back({Goto{"refuse"}});
  return {.name = "judge", .hook = {}, .rules = std::move(rules)};
}

// What the host's own link needs. Forwarded traffic never comes here. Neighbour discovery,
// multicast listener reports and router solicitation (RFC 4861, 2710, 3810) are the kernel's
// business; a program's go to the link alone, with no more than a few options. Reports name the
// groups that programs join, hence the rate.
Chain link(const Base& base) {
  const RateLimit rate{limits::kLinkRate, limits::kLinkBurst};
  std::vector<Rule> rules{
      {Icmp6Types{{131, 132, 133, 135, 136, 143}}, ByProgram{}, Goto{"link-program"}},
      {Icmp6Types{{133, 135, 136}}, HopLimit{255}, Accept{}},
      {Icmp6Types{{131, 132, 143}}, DestinationIn{*Prefix::parse("ff02::/16")},
       ByteLimit{limits::kReportBytes, limits::kReportBurst}, Accept{}}};
  if (base.allows_dhcp) {
    const ByUserBelow system{limits::kFirstUser};
    rules.push_back({DestinationIs{IpAddress::highest(Family::ipv4)}, UdpPorts{68, 67}, system,
                     rate, Accept{}});
    rules.push_back({DestinationIs{*IpAddress::parse("ff02::1:2")}, UdpPorts{546, 547}, system,
                     rate, Accept{}});
  }
  return {.name = "link", .hook = {}, .rules = std::move(rules)};
}

Chain link_program(const Base& base) {
  const RateLimit rate{limits::kLinkRate, limits::kLinkBurst};
  std::vector<Rule> rules;
  for (const char* link : {"ff02::/16", "fe80::/10"})
    rules.push_back({DestinationIn{*Prefix::parse(link)},
                     LengthUpTo{Family::ipv6, limits::kNeighbourOctets}, rate, Accept{}});
  rules.push_back({Goto{host_judge(base)}});
  return {.name = "link-program", .hook = {}, .rules = std::move(rules)};
}

// Traffic from a held interface. What goes to a link of which we know that it stays on the host is
// none of the list's business; any other that a pattern names may lead outside.
Chain held(const Base& base) {
  std::vector<Rule> rules;
  if (!base.inside.empty()) {
    bound_links(base, rules);
    if (base.released) refuse_reversed_answers(base, OutOneOf{base.inside}, rules);
    rules.push_back({OutOneOf{base.inside}, Accept{}});
  }
  for (Rule& rule : admitted_flows(base, "judge")) rules.push_back(std::move(rule));
  admit_errors_of_senders(rules);
  rules.push_back(resets_of_kernel());
  rules.push_back({Goto{"judge"}});
  return {.name = "held", .hook = {}, .rules = std::move(rules)};
}

// Leases and word of routers (RFC 2131, 8415, 4861) for a link with other machines, which programs
// without rights cannot send: to the link itself, and to private addresses, as leases are.
Chain serve_link() {
  const ByUserBelow system{limits::kFirstUser};
  const RateLimit rate{limits::kLinkRate, limits::kLinkBurst};
  std::vector<Rule> rules;
  for (const char* leased : {"255.255.255.255/32", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                             "169.254.0.0/16", "100.64.0.0/10"})
    rules.push_back(
        {DestinationIn{*Prefix::parse(leased)}, UdpPorts{67, 68}, system, rate, Accept{}});
  rules.push_back(
      {DestinationIn{*Prefix::parse("fe80::/10")}, UdpPorts{547, 546}, system, rate, Accept{}});
  for (const char* link : {"ff02::/16", "fe80::/10"})
    rules.push_back({DestinationIn{*Prefix::parse(link)}, Icmp6Types{{134}}, HopLimit{255}, system,
                     rate, Accept{}});
  return {.name = "serve-link", .hook = {}, .rules = std::move(rules)};
}

bool serves_links(const Base& base) {
  return base.serves_guests && !base.outward.empty();
}

// What goes to a link of which we know that it stays on the host leaves nothing outside.
void serve_guests(const Base& base, std::vector<Rule>& rules) {
  if (!base.inside.empty()) {
    bound_users_of_guests(base, rules);
    rules.push_back({OutOneOf{base.inside}, Accept{}});
  }
  if (serves_links(base)) rules.push_back({OutOneOf{base.outward}, Jump{"serve-link"}});
}

// The machine's own set-up asks what it is; agents do not.
void admit_root_at_boot(std::vector<Rule>& rules) {
  constexpr ByUserBelow kRoot{1};
  for (const Family family : kFamilies)
    rules.push_back({DestinationInSet{SetId::boot, family}, kRoot, Accept{}});
}

Chain output(const Base& base) {
  std::vector<Rule> rules;
  admit_own_tracked(base, rules);
  std::ranges::move(admitted_flows(base, host_judge(base)), std::back_inserter(rules));
  rules.push_back({CtState{.related = true}, Jump{"related"}});
  bound_users(base, rules);
  rules.push_back({OutLoopback{}, Accept{}});
  if (base.serves_guests) serve_guests(base, rules);
  admit_questions_to_guard(base, rules);
  if (base.metadata_at_boot) admit_root_at_boot(rules);
  rules.push_back({Layer4{{kTcp}}, Goto{host_judge(base)}});
  rules.push_back({Jump{"link"}});
  rules.push_back({Goto{host_judge(base)}});
  return {.name = "output",
          .hook = Hook::output,
          .policy = ChainPolicy::drop,
          .rules = std::move(rules)};
}

// Panic: what is already open is dropped without a word, so that it goes on afterwards; what is new
// is refused at once. `lo` comes first, since the kernel's own resets return by it.
Chain panic_output() {
  return {.name = "output",
          .hook = Hook::output,
          .policy = ChainPolicy::drop,
          .rules = {{OutLoopback{}, Accept{}},
                    {CtState{.established = true}, CountAs{std::string(kRefusedCounter)}, Drop{}},
                    {Goto{"refuse"}}}};
}

// Whatever interface it comes from, held or not.
Chain panic_forward() {
  return {.name = "forward",
          .hook = Hook::forward,
          .policy = ChainPolicy::drop,
          .rules = {{CountAs{std::string(kRefusedCounter)}, Drop{}}}};
}

Chain panic_input() {
  return {.name = "input",
          .hook = Hook::input,
          .policy = ChainPolicy::drop,
          .rules = {{InLoopback{}, Accept{}}}};
}

Chain input(const Base& base) {
  std::vector<Rule> rules{{InLoopback{}, Accept{}}};
  refuse_routers(base, rules);
  if (base.dns_guard) guard_input(base, rules);
  return {.name = "input", .hook = Hook::input, .rules = std::move(rules)};
}

// Nothing that enters by `lo` leads on: it is what a program has put there (packet(7)). What was
// packed by whoever can send to this host comes in by an encapsulation, and is held like a guest.
Chain forward(const Base& base) {
  std::vector<Rule> rules{{InLoopback{}, Goto{"foreign"}}};
  for (const std::string& pattern : base.forward)
    rules.push_back({InInterface{pattern}, Goto{"held"}});
  if (!base.tunnels.empty()) rules.push_back({InOneOf{base.tunnels}, Goto{"held"}});
  if (base.released) {
    for (Rule& rule : unheld_links(base)) {
      rule.push_back(from_outside(base));
      rules.push_back(std::move(rule));
    }
    pass_segments(base, rules);
    rules.push_back({Goto{"held"}});
  }
  if (!base.released)
    for (const std::string& pattern : base.forward)
      refuse_reversed_answers(base, OutInterface{pattern}, rules);
  return {.name = "forward", .hook = Hook::forward, .rules = std::move(rules)};
}

}  // namespace

std::string set_name(Tally tally, Family family) {
  const std::string name = tally == Tally::hits ? "hits" : "refused";
  return name + (family == Family::ipv4 ? "4" : "6");
}

SetDefinition tally_set(Tally tally, Family family) {
  const bool is_hits = tally == Tally::hits;
  return {.name = set_name(tally, family),
          .family = family,
          .has_timeout = true,
          .is_dynamic = true,
          .counts = true,
          .size = is_hits ? limits::kHitsRemembered : limits::kRefusalsRemembered,
          .timeout = is_hits ? limits::kHitMemory : limits::kRefusalMemory};
}

SetDefinition senders_set(Family family) {
  return {.name = family == Family::ipv4 ? "senders4" : "senders6",
          .family = family,
          .key = SetDefinition::Key::address_pair,
          .has_timeout = true,
          .is_dynamic = true,
          .size = limits::kSendersRemembered,
          .timeout = limits::kSenderMemory};
}

SetDefinition announced_set(SetId id, Family family) {
  SetDefinition set = tally_set(Tally::refused, family);
  set.name = set_name(id, family);
  set.size = limits::kProbedRemembered;
  set.timeout = id == SetId::tried ? seconds(limits::kTriedMemory) : limits::kProbedMemory;
  return set;
}

Layout layout(const Base& base) {
  Layout all{.counters = {std::string(kRefusedCounter), std::string(kForeignCounter)},
             .sets = sets(base),
             .chains = {turn_away(base), refuse(base), foreign(base)}};
  const auto add = [&](std::vector<Chain> chains) {
    std::ranges::move(chains, std::back_inserter(all.chains));
  };
  add(source_chains(base));
  if (base.most_flows > 0) all.counters.emplace_back(kCrowdedCounter);
  if (base.is_panic) {
    add({panic_output(), panic_forward(), panic_input()});
    return all;
  }
  add({admit(base)});
  add(portless_chains());
  add({judge(base)});
  add(crowd_chains(base));
  if (base.dns_guard) add(own_questions(base));
  if (base.inbound) add({answer(base)});
  add({link_program(base), link(base), related_of_kernel()});
  if (serves_links(base)) add({serve_link()});
  add({output(base)});
  add(router_chains(base));
  if (base.judges_forwarded()) add({held(base)});
  if (base.released && base.dns_guard) add({from_outside_chain(base)});
  add({forward(base)});
  if (base.holds_links() || base.dns_guard) add({input(base)});
  if (base.dns_guard) add(guard_chains(base));
  return all;
}

}  // namespace egress::nft
