#include "nft/inbound.hpp"

#include <algorithm>
#include <iterator>

#include "nft/guard.hpp"
#include "nft/protocols.hpp"

namespace egress::nft {
namespace {

constexpr const char* kAnswer = "answer";

// Its own packets, and the ICMP errors about it.
void answer_flow(const Answered& flow, std::vector<Rule>& rules) {
  const CtProtocol protocol{flow.protocol};
  if (flow.ports == PortRange{}) return rules.push_back({protocol, Return{}});
  for (const std::uint8_t carrier : {flow.protocol, kIcmp, kIcmp6})
    rules.push_back({Layer4{{carrier}}, protocol, CtOriginalPort{flow.ports}, Return{}});
}

// To held interfaces that lead to other machines, but wires: by the guard, and by a resolver of
// this host that they may ask.
void answer_questions(const Base& base, std::vector<Rule>& rules) {
  const Layer4 dns{{kTcp, kUdp}};
  rules.push_back({CtStatusDnat{}, dns, SourcePort{base.dns_guard->port}, Return{}});
  if (!spares_own_resolvers(base)) return;
  for (const std::string& pattern : base.forward)
    rules.push_back({OutInterface{pattern}, dns, SourcePort{kDns}, Return{}});
  std::vector<std::string> asking;
  std::ranges::set_difference(base.outward, base.wires, std::back_inserter(asking));
  if (!asking.empty()) rules.push_back({OutOneOf{asking}, dns, SourcePort{kDns}, Return{}});
}

}  // namespace

// RFC 9293 section 3.5, simultaneous open: a SYN of ours that meets one of theirs would count as an
// answer to it.
void judge_answers(const Base& base, const std::string& judge, std::vector<Rule>& rules) {
  rules.push_back({CtReply{}, TcpOpens{}, Goto{judge}});
  if (base.inbound) rules.push_back({CtReply{}, Jump{kAnswer}});
}

// What stays on this host is none of it. Where nobody is answered, nobody learns that either: drop.
// Of a tunnel either end sends first: what goes to the other one is the list's business.
Chain answer(const Base& base) {
  std::vector<Rule> rules{{OutLoopback{}, Return{}}};
  if (!base.inside.empty()) rules.push_back({OutOneOf{base.inside}, Return{}});
  if (base.dns_guard) answer_questions(base, rules);
  for (const Answered& flow : *base.inbound) answer_flow(flow, rules);
  rules.push_back({Layer4{{kIpip, kGre, kEsp}}, Goto{"judge"}});
  rules.push_back({CountAs{std::string(kRefusedCounter)}});
  if (base.is_audit && base.audit_ends) rules.push_back({Before{*base.audit_ends}, Return{}});
  if (!base.is_audit || base.audit_ends) rules.push_back({Drop{}});
  return {.name = kAnswer, .hook = {}, .rules = std::move(rules)};
}

}  // namespace egress::nft
