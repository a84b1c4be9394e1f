#include "nft/guard.hpp"

#include <array>
#include <utility>

#include "egress/core/interface_pattern.hpp"
#include "nft/crowd.hpp"
#include "nft/protocols.hpp"
#include "nft/questions.hpp"
#include "nft/sources.hpp"

namespace egress::nft {
namespace {

constexpr const char* kFromOutside = "from-outside";
constexpr const char* kOwnResolver = "own-resolver";
constexpr const char* kOwnAdmitted = "own-admitted";
constexpr const char* kOwnApart = "own-apart";
constexpr const char* kOwnReset = "own-reset";

// meta l4proto { tcp, udp }
Layer4 tcp_or_udp() {
  return {{kTcp, kUdp}};
}

// In panic nobody asks.
bool has_guard(const Base& base) {
  return base.dns_guard && !base.is_panic;
}

OwnQuestion own_question(const Base& base) {
  return {base.dns_guard->user, base.dns_guard->key};
}

// What becomes of packets to a pinned resolver; others return.
Chain to_resolvers(const char* name, const Rule& then) {
  Chain chain{.name = name, .hook = {}, .rules = {}};
  for (const Family family : kFamilies) {
    Rule rule{DestinationInSet{SetId::resolvers, family}};
    rule.insert(rule.end(), then.begin(), then.end());
    chain.rules.push_back(std::move(rule));
  }
  return chain;
}

// A packet tap (packet(7)) would show the key to others.
Chain own_admitted() {
  return to_resolvers(kOwnAdmitted, {ClearKey{}, Goto{"admit"}});
}

// A socket that egressd has closed has no user any more.
Chain own_reset() {
  return to_resolvers(kOwnReset, {Drop{}});
}

void admit_own(const Base& base, std::vector<Rule>& rules) {
  rules.push_back({own_question(base), Jump{kOwnAdmitted}});
}

// Whichever server the host asks, hard-coded ones and stubs on loopback included.
Chain redirect_host(const Base& base) {
  std::vector<Rule> rules;
  if (base.tracks_apart) {
    for (const Family family : kFamilies)
      rules.push_back({own_question(base), DestinationInSet{SetId::resolvers, family}, Accept{}});
  }
  rules.push_back({tcp_or_udp(), DestinationPort{kDns}, Redirect{base.dns_guard->port}});
  return {.name = "dns-output",
          .hook = Hook::output,
          .type = ChainType::nat,
          .rules = std::move(rules)};
}

// A program's question and egressd's own to the same resolver may come from the same port. Were
// both tracked as one, the second would be taken for a packet of the first one's connection:
// egressd would be answered by itself, and the program by the resolver. Without zones our own are
// not tracked at all, and a firewall that lets in what is established drops the answers.
Statement set_apart(const Base& base) {
  if (base.tracks_apart) return OwnZone{};
  return Untracked{};
}

void redirect(const Base& base, Rule question, std::vector<Rule>& rules) {
  note_asked(base, question, rules);
  question.emplace_back(Redirect{base.dns_guard->port});
  rules.push_back(std::move(question));
}

// A redirect leads to an address of the link, and drops where there is none. `named`: the links of
// the patterns, or all others.
void lead_addressless(const Base& base, bool named, std::vector<Rule>& rules) {
  InOneOf links;
  for (const std::string& link : base.addressless)
    if (matches_interface(base.forward, link) == named) links.names.push_back(link);
  if (links.names.empty() || !base.guard_v4) return;
  const Rule question{std::move(links), tcp_or_udp(), DestinationPort{kDns}};
  note_asked(base, question, rules);
  rules.push_back(question);
  rules.back().emplace_back(LeadTo{*base.guard_v4, base.dns_guard->port});
}

// A server of this host serves its own network; so do those behind a tunnel, and on a segment.
void redirect_unnamed(const Base& base, std::vector<Rule>& rules) {
  skip_released(base, Accept{}, rules);
  if (!base.tunnels.empty()) rules.push_back({InOneOf{base.tunnels}, Accept{}});
  if (!base.segments.empty()) rules.push_back({InOneOf{base.segments}, Accept{}});
  if (!base.wires.empty() && !base.only_sources)
    rules.push_back({InOneOf{base.wires}, DestinationIsOwn{}, Accept{}});
  lead_addressless(base, false, rules);
  redirect(base, {tcp_or_udp(), DestinationPort{kDns}}, rules);
}

// A resolver of this host at the address that is asked (aardvark-dns, libvirt's and LXD's dnsmasq):
// it knows the neighbours' names, and the guard answers whatever it asks on. A pinned resolver is
// for egressd alone.
Chain own_resolver() {
  std::vector<Rule> rules;
  for (const Family family : kFamilies)
    rules.push_back({DestinationInSet{SetId::resolvers, family}, Return{}});
  rules.push_back({DestinationIsOwn{}, IsTaken{}, Accept{}});
  return {.name = kOwnResolver, .hook = {}, .rules = std::move(rules)};
}

Chain redirect_held(const Base& base) {
  std::vector<Rule> rules;
  skip_uplinks(base, Accept{}, rules);
  if (spares_own_resolvers(base))
    rules.push_back({tcp_or_udp(), DestinationPort{kDns}, Jump{kOwnResolver}});
  lead_addressless(base, true, rules);
  for (const std::string& pattern : base.forward)
    redirect(base, {InInterface{pattern}, tcp_or_udp(), DestinationPort{kDns}}, rules);
  if (base.released) redirect_unnamed(base, rules);
  return {.name = "dns-prerouting",
          .hook = Hook::prerouting,
          .type = ChainType::nat,
          .rules = std::move(rules)};
}

// A socket that is bound to a device keeps it through the redirect: its question would leave
// through that device, addressed to the host's own loopback (RFC 1122 section 3.2.1.3 (g) and RFC
// 4291 section 2.5.3 forbid that). Only here is the device known through which a packet leaves.
Chain postrouting() {
  return {.name = "postrouting",
          .hook = Hook::postrouting,
          .rules = {{OutLoopback{}, Accept{}},
                    {DestinationIn{*Prefix::parse("127.0.0.0/8")}, Drop{}},
                    {DestinationIs{loopback(Family::ipv6)}, Drop{}}}};
}

}  // namespace

void set_questions_apart(const Base& base, std::vector<Rule>& output) {
  if (has_guard(base)) output.push_back({own_question(base), Jump{kOwnApart}});
}

// Nobody else gets answers from there.
void set_answers_apart(const Base& base, std::vector<Rule>& prerouting) {
  if (!has_guard(base)) return;
  for (const Family family : kFamilies)
    prerouting.push_back({SourceInSet{SetId::resolvers, family}, set_apart(base)});
}

std::vector<Chain> own_apart(const Base& base) {
  if (!has_guard(base)) return {};
  return {to_resolvers(kOwnApart, {set_apart(base)})};
}

bool spares_own_resolvers(const Base& base) {
  return base.finds_sockets && !base.only_sources;
}

std::string host_judge(const Base& base) {
  return base.dns_guard ? "own" : "judge";
}

// Before what is established: no packet may keep the key.
void admit_own_tracked(const Base& base, std::vector<Rule>& output) {
  if (base.dns_guard && base.tracks_apart) admit_own(base, output);
}

std::vector<Chain> own_questions(const Base& base) {
  std::vector<Rule> rules;
  if (!base.tracks_apart) admit_own(base, rules);
  rules.push_back({TcpReset{}, Jump{kOwnReset}});
  rules.push_back({Goto{"judge"}});
  return {own_admitted(),
          own_reset(),
          {.name = host_judge(base), .hook = {}, .rules = std::move(rules)}};
}

// A redirected question still carries the device by which it would have left: `oif "lo"` does not
// match it.
void admit_questions_to_guard(const Base& base, std::vector<Rule>& output) {
  if (!base.dns_guard) return;
  for (const Family family : kFamilies) {
    Rule question{DestinationIs{loopback(family)}, tcp_or_udp(),
                  DestinationPort{base.dns_guard->port}};
    bound_questions(base, question, output);
    question.emplace_back(Accept{});
    output.push_back(std::move(question));
  }
}

void refuse_reversed_answers(const Base& base, const Statement& to, std::vector<Rule>& rules) {
  if (base.dns_guard)
    rules.push_back({to, CtState{.is_new = true}, tcp_or_udp(), SourcePort{kDns}, Drop{}});
}

Statement from_outside(const Base& base) {
  return base.dns_guard ? Statement(Goto{kFromOutside}) : Statement(Accept{});
}

// The redirect of a held interface's question leads to that interface's own address, so the guard
// listens there too: for what was redirected, and for nobody else.
void guard_input(const Base& base, std::vector<Rule>& input) {
  const DestinationPort guard{base.dns_guard->port};
  for (const std::string& pattern : base.forward)
    input.push_back({InInterface{pattern}, CtStatusDnat{}, tcp_or_udp(), guard, Accept{}});
  if (base.released) {
    for (Rule& rule : unheld_links(base)) {
      rule.insert(rule.end(), {tcp_or_udp(), guard, Drop{}});
      input.push_back(std::move(rule));
    }
    input.push_back({CtStatusDnat{}, tcp_or_udp(), guard, Accept{}});
  }
  input.push_back({tcp_or_udp(), guard, Drop{}});
  // It would count as the first packet of a connection from outside, and the question that goes
  // there next as its established answer, which nothing redirects.
  input.push_back({CtState{.is_new = true}, tcp_or_udp(), SourcePort{kDns}, Drop{}});
}

// What goes to what is held, where the packet entered by a link that is not.
Chain from_outside_chain(const Base& base) {
  std::vector<Rule> rules;
  if (!base.uplinks.empty()) rules.push_back({OutOneOf{base.uplinks}, Return{}});
  for (const std::string& pattern : *base.released)
    rules.push_back({OutInterface{pattern}, Return{}});
  rules.push_back({CtState{.is_new = true}, tcp_or_udp(), SourcePort{kDns}, Drop{}});
  return {.name = kFromOutside, .hook = {}, .rules = std::move(rules)};
}

std::vector<Chain> guard_chains(const Base& base) {
  std::vector<Chain> chains{redirect_host(base)};
  if (base.holds_links()) {
    if (spares_own_resolvers(base)) chains.push_back(own_resolver());
    chains.push_back(redirect_held(base));
  }
  chains.push_back(postrouting());
  note_heard(base, chains);
  return chains;
}

}  // namespace egress::nft
