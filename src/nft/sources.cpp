#include "nft/sources.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "egress/core/limits.hpp"
#include "nft/crowd.hpp"
#include "nft/guard.hpp"
#include "nft/protocols.hpp"

namespace egress::nft {
namespace {

constexpr std::uint8_t kRedirect = 5;                                 // RFC 792
constexpr std::uint8_t kPacketTooBig = 2;                             // RFC 4443
constexpr std::uint8_t kRouterAdvertisement = 134, kRedirect6 = 137;  // RFC 4861
constexpr const char* kHeld = "source-held";
constexpr const char* kForeign = "foreign";
constexpr const char* kFromHeld = "from-held";
constexpr const char* kFromUnnamed = "from-unnamed";
constexpr const char* kAsked = "source-asked";
constexpr const char* kLoopback = "source-loopback";
constexpr const char* kUntracked = "source-untracked";
constexpr const char* kOwn = "source-own";
constexpr const char* kReached = "source-reached";
constexpr const char* kSelf = "source-self";

// Duplicate address detection, router solicitation and multicast listener reports (RFC 4861, 2710,
// 3810); DHCP (RFC 2131).
std::vector<Rule> without_address() {
  return {{SourceIs{IpAddress::lowest(Family::ipv6)}, Icmp6Types{{131, 132, 133, 135, 143}},
           DestinationIn{*Prefix::parse("ff02::/16")}, Accept{}},
          {SourceIs{IpAddress::lowest(Family::ipv4)}, UdpPorts{68, 67}, Accept{}}};
}

template <class T>
void append(std::vector<T>& all, std::vector<T> more) {
  std::ranges::move(more, std::back_inserter(all));
}

std::vector<Rule> own_sources(const Base& base) {
  if (!base.only_sources) return {{SourceIsOwn{}, Accept{}}};
  std::vector<Rule> rules;
  for (const IpAddress& address : *base.only_sources)
    rules.push_back({SourceIs{address}, Accept{}});
  return rules;
}

void pass_known(Known known, std::vector<Rule>& rules) {
  for (const Family family : kFamilies) rules.push_back({SourceKnown{known, family}, Accept{}});
}

// In rules of their own: an update that finds no room ends its rule.
Chain remember(Known known, const char* name) {
  Chain chain{.name = name, .hook = {}, .rules = {}};
  for (const Family family : kFamilies) chain.rules.push_back({RememberSource{known, family}});
  chain.rules.push_back({Accept{}});
  return chain;
}

Chain source_output(const Base& base) {
  std::vector<Rule> rules;
  set_questions_apart(base, rules);
  if (base.only_sources)
    append(rules, own_sources(base));
  else
    pass_known(Known::own, rules);
  rules.push_back(resets_of_kernel());
  if (!base.only_sources)
    append(rules, {{SourceIsOwn{}, Goto{kOwn}}, {SourceIsOwnOfDevice{}, Accept{}}});
  append(rules, without_address());
  rules.push_back({Goto{kForeign}});
  return {.name = "source-output",
          .hook = Hook::output,
          .type = ChainType::source,
          .rules = std::move(rules)};
}

Chain source_held(const Base& base) {
  std::vector<Rule> rules;
  skip_uplinks(base, Accept{}, rules);
  if (!base.only_sources) pass_known(Known::reached, rules);
  append(rules, without_address());
  for (const auto& [link, prefix] : base.routed)
    rules.push_back({InInterface{link}, SourceIn{prefix}, Accept{}});
  // Of what is for many, and so returns by the link, fib asks for no sender.
  if (base.only_sources)
    rules.push_back({Goto{kForeign}});
  else
    append(rules, {{SourceElsewhere{}, Goto{kForeign}}, {ToOne{}, Goto{kReached}}});
  return {.name = kHeld, .hook = {}, .rules = std::move(rules)};
}

// A frame that a program has put on `lo` (packet(7)).
Chain source_untracked(const Base& base) {
  std::vector<Rule> rules = own_sources(base);
  rules.push_back({Goto{kForeign}});
  return {.name = kUntracked, .hook = {}, .rules = std::move(rules)};
}

// What this host answers its own programs in the name of another comes by `lo`: the guard's answers
// (a redirect in the output hook is undone in postrouting), and the kernel's resets of what was
// refused. A rule against forged sources takes them for such (wg-quick(8), in raw). Until they are
// delivered they bear loopback; of an answer the translation itself restores the name, in the input
// hook.
void answer_self(const Base& base, std::vector<Rule>& loopback) {
  if (base.dns_guard)
    loopback.push_back(
        {CtReply{}, CtStatusDnat{}, Layer4{{kTcp, kUdp}}, SourcePort{kDns}, Jump{kSelf}});
  loopback.push_back({CtReply{}, CtState{.related = true}, TcpReset{}, Jump{kSelf}});
}

// What the host itself has sent was judged then, and is tracked. Nearly all is of a flow that is
// known, and translated by nobody.
Chain source_loopback(const Base& base) {
  std::vector<Rule> rules{{CtState{.established = true}, CtStatusNotDnat{}, Accept{}},
                          {CtState{.invalid = true}, Goto{kUntracked}}};
  answer_self(base, rules);
  return {.name = kLoopback, .hook = {}, .rules = std::move(rules)};
}

Chain source_self() {
  return {.name = kSelf,
          .hook = {},
          .rules = {{DestinationIn{*Prefix::parse("127.0.0.0/8")}, Return{}},
                    {DestinationIs{loopback(Family::ipv6)}, Return{}},
                    {SetSource{loopback(Family::ipv4)}},
                    {SetSource{loopback(Family::ipv6)}}}};
}

Chain source_asked() {
  Chain chain{.name = kAsked, .hook = {}, .rules = {}};
  for (const Family family : kFamilies)
    chain.rules.push_back({SourceIs{loopback(family)}, SetSourceToAsked{family}});
  return chain;
}

Chain source_input() {
  return {.name = "source-input",
          .hook = Hook::input,
          .type = ChainType::source,
          .rules = {{CtState{.related = true}, InLoopback{}, CtReply{}, TcpReset{}, Jump{kAsked}}}};
}

// What comes to this host by a wire may be an answer by another way than the question's. What a
// bridge passes on may come from behind other routers, and reaches the same machines without us.
void skip_own_business(const Base& base, std::vector<Rule>& rules) {
  if (!base.segments.empty()) rules.push_back({InOneOf{base.segments}, Accept{}});
  if (base.wires.empty()) return;
  if (base.only_sources)
    skip_wires(base, Accept{}, rules);
  else
    rules.push_back({InOneOf{base.wires}, DestinationIsOwn{}, Accept{}});
}

Chain source_prerouting(const Base& base) {
  std::vector<Rule> rules{{InLoopback{}, Goto{kLoopback}}};
  set_answers_apart(base, rules);
  for (const std::string& pattern : base.forward)
    rules.push_back({InInterface{pattern}, Goto{kHeld}});
  if (!base.tunnels.empty()) rules.push_back({InOneOf{base.tunnels}, Goto{kHeld}});
  if (base.released) {
    skip_unheld(base, Accept{}, rules);
    skip_own_business(base, rules);
    rules.push_back({Goto{kHeld}});
  }
  return {.name = "source-prerouting",
          .hook = Hook::prerouting,
          .type = ChainType::source,
          .rules = std::move(rules)};
}

}  // namespace

Chain foreign(const Base& base) {
  std::vector<Rule> rules{{CountAs{std::string(kForeignCounter)}}};
  if (base.logs_refusals) rules.push_back({LogLimited{std::string(kForeignLogPrefix)}});
  if (base.is_audit && base.audit_ends) rules.push_back({Before{*base.audit_ends}, Accept{}});
  const bool passes = base.is_audit && !base.audit_ends;
  rules.push_back({passes ? Statement(Accept{}) : Statement(Drop{})});
  return {.name = kForeign, .hook = {}, .rules = std::move(rules)};
}

std::vector<Chain> source_chains(const Base& base) {
  std::vector<Chain> chains;
  if (!base.only_sources) chains.push_back(remember(Known::own, kOwn));
  append(chains, own_apart(base));
  chains.push_back(source_output(base));
  append(chains, {source_untracked(base), source_self(), source_loopback(base)});
  if (base.judges_forwarded()) {
    if (!base.only_sources) chains.push_back(remember(Known::reached, kReached));
    chains.push_back(source_held(base));
  }
  append(chains, {source_prerouting(base), source_asked(), source_input()});
  return chains;
}

std::vector<SetDefinition> known_sets(const Base& base) {
  if (base.only_sources) return {};
  std::vector<SetDefinition> sets;
  for (const Family family : kFamilies) {
    sets.push_back(known_set(Known::own, family));
    if (base.judges_forwarded()) sets.push_back(known_set(Known::reached, family));
  }
  return sets;
}

SetDefinition known_set(Known known, Family family) {
  const bool is_own = known == Known::own;
  const std::string name = is_own ? "own" : "reached";
  return {.name = name + (family == Family::ipv4 ? "4" : "6"),
          .family = family,
          .key = is_own ? SetDefinition::Key::address : SetDefinition::Key::link_address,
          .has_timeout = true,
          .is_dynamic = true,
          .size = limits::kSourcesKnown,
          .timeout = limits::kSourceMemory};
}

namespace {

// Errors of this kind about a flow of their sender, up to this length.
void admit_errors(Family family, std::vector<Statement> kind, std::uint16_t octets,
                  std::vector<Rule>& held) {
  for (const bool of_reply : {false, true}) {
    Rule rule{CtState{.related = true}};
    rule.insert(rule.end(), kind.begin(), kind.end());
    rule.insert(rule.end(), {LengthUpTo{family, octets}, SenderIsEnd{family, of_reply}, Accept{}});
    held.push_back(std::move(rule));
  }
}

}  // namespace

// RFC 792 and RFC 4443 section 3: what an error must quote of the packet are its header and the
// eight octets behind it. Routers among the guests quote more where they tell a path's MTU, but
// seldom.
void admit_errors_of_senders(std::vector<Rule>& held) {
  const RateLimit seldom{limits::kLinkRate, limits::kLinkBurst};
  for (const Family family : kFamilies) {
    const bool is_v4 = family == Family::ipv4;
    const Layer4 icmp{{is_v4 ? kIcmp : kIcmp6}};
    const Statement path = is_v4 ? Statement(FragmentationNeeded{}) : Icmp6Types{{kPacketTooBig}};
    held.push_back({CtState{.related = true}, icmp, RememberSender{family}});
    admit_errors(family, {icmp}, limits::kErrorOctets, held);
    admit_errors(family, {path, seldom},
                 is_v4 ? limits::kPathErrorOctetsV4 : limits::kPathErrorOctetsV6, held);
  }
}

Rule resets_of_kernel() {
  return {CtState{.related = true}, TcpReset{}, Accept{}};
}

Chain related_of_kernel() {
  const Layer4 icmp{{kIcmp, kIcmp6}};
  return {.name = "related",
          .hook = {},
          .rules = {{TcpReset{}, Accept{}}, {icmp, ByProgram{}, Goto{"refuse"}}, {icmp, Accept{}}}};
}

namespace {

Chain from_held(const Base& base) {
  std::vector<Rule> rules;
  skip_uplinks(base, Return{}, rules);
  rules.push_back({Icmp6Types{{kRouterAdvertisement, kRedirect6}}, Goto{kForeign}});
  rules.push_back({IcmpTypes{{kRedirect}}, Goto{kForeign}});
  bound_link(base, rules);
  return {.name = kFromHeld, .hook = {}, .rules = std::move(rules)};
}

Chain from_unnamed(const Base& base) {
  std::vector<Rule> rules;
  skip_released(base, Return{}, rules);
  skip_wires(base, Return{}, rules);
  if (!base.tunnels.empty()) rules.push_back({InOneOf{base.tunnels}, Return{}});
  rules.push_back({Goto{kFromHeld}});
  return {.name = kFromUnnamed, .hook = {}, .rules = std::move(rules)};
}

}  // namespace

std::vector<Chain> router_chains(const Base& base) {
  std::vector<Chain> chains;
  if (base.holds_links()) chains.push_back(from_held(base));
  if (base.released) chains.push_back(from_unnamed(base));
  return chains;
}

void refuse_routers(const Base& base, std::vector<Rule>& input) {
  for (const std::string& pattern : base.forward)
    input.push_back({InInterface{pattern}, Jump{kFromHeld}});
  if (base.released) input.push_back({Jump{kFromUnnamed}});
}

void pass_segments(const Base& base, std::vector<Rule>& forward) {
  for (const std::string& segment : base.segments)
    forward.push_back({InInterface{segment}, OutInterface{segment}, Accept{}});
}

void skip_uplinks(const Base& base, const Statement& verdict, std::vector<Rule>& rules) {
  if (!base.uplinks.empty()) rules.push_back({InOneOf{base.uplinks}, verdict});
}

std::vector<Rule> unheld_links(const Base& base) {
  std::vector<Rule> links;
  if (!base.uplinks.empty()) links.push_back({InOneOf{base.uplinks}});
  for (const std::string& pattern : *base.released) links.push_back({InInterface{pattern}});
  return links;
}

void skip_unheld(const Base& base, const Statement& verdict, std::vector<Rule>& rules) {
  for (Rule& rule : unheld_links(base)) {
    rule.push_back(verdict);
    rules.push_back(std::move(rule));
  }
}

void skip_released(const Base& base, const Statement& verdict, std::vector<Rule>& rules) {
  rules.push_back({InLoopback{}, verdict});
  skip_unheld(base, verdict, rules);
}

void skip_wires(const Base& base, const Statement& verdict, std::vector<Rule>& rules) {
  if (!base.wires.empty()) rules.push_back({InOneOf{base.wires}, verdict});
}

}  // namespace egress::nft
