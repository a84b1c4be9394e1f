#include "nft/sources.hpp"

#include <array>

#include "egress/core/limits.hpp"

namespace egress::nft {
namespace {

constexpr std::array kFamilies{Family::ipv4, Family::ipv6};
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmp6 = 58;
constexpr std::uint8_t kRedirect = 5;                                 // RFC 792
constexpr std::uint8_t kRouterAdvertisement = 134, kRedirect6 = 137;  // RFC 4861
constexpr const char* kHeld = "source-held";
constexpr const char* kForeign = "foreign";
constexpr const char* kFromHeld = "from-held";

// Duplicate address detection, router solicitation and multicast listener reports (RFC 4861, 2710,
// 3810); DHCP (RFC 2131).
std::vector<Rule> without_address() {
  return {{SourceIs{IpAddress::lowest(Family::ipv6)}, Icmp6Types{{131, 132, 133, 135, 143}},
           DestinationIn{*Prefix::parse("ff02::/16")}, Accept{}},
          {SourceIs{IpAddress::lowest(Family::ipv4)}, UdpPorts{68, 67}, Accept{}}};
}

void append(std::vector<Rule>& rules, std::vector<Rule> more) {
  for (Rule& rule : more) rules.push_back(std::move(rule));
}

// The kernel's resets bear the address that was refused. They come with the connection that they
// end (nf_send_reset(), nf_ct_attach()); no packet of a program has a state before it is tracked.
Rule own_resets() {
  return {CtState{.related = true}, TcpReset{}, Accept{}};
}

Chain source_output(const Base& base) {
  std::vector<Rule> rules;
  if (base.only_sources) {
    for (const IpAddress& address : *base.only_sources)
      rules.push_back({SourceIs{address}, Accept{}});
  } else {
    rules = {{SourceIsOwn{}, Accept{}}, {SourceIsOwnOfDevice{}, Accept{}}};
  }
  rules.push_back(own_resets());
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
  append(rules, without_address());
  if (base.only_sources)
    rules.push_back({Goto{kForeign}});
  else
    rules.push_back({SourceElsewhere{}, Goto{kForeign}});
  return {.name = kHeld, .hook = {}, .rules = std::move(rules)};
}

Chain source_prerouting(const Base& base) {
  std::vector<Rule> rules;
  for (const std::string& pattern : base.forward)
    rules.push_back({InInterface{pattern}, Goto{kHeld}});
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
  std::vector<Chain> chains{source_output(base)};
  if (base.forward.empty()) return chains;
  chains.push_back(source_held(base));
  chains.push_back(source_prerouting(base));
  return chains;
}

// RFC 792 and RFC 4443 section 3: what an error must quote of the packet are its header and the
// eight octets behind it.
void admit_errors_of_senders(std::vector<Rule>& held) {
  for (const Family family : kFamilies) {
    const Layer4 icmp{{family == Family::ipv4 ? kIcmp : kIcmp6}};
    held.push_back({CtState{.related = true}, icmp, RememberSender{family}});
    for (const bool of_reply : {false, true})
      held.push_back({CtState{.related = true}, icmp, LengthUpTo{family, limits::kErrorOctets},
                      SenderIsEnd{family, of_reply}, Accept{}});
  }
}

void admit_errors_of_kernel(std::vector<Rule>& output) {
  output.push_back(
      {CtState{.related = true}, Layer4{{kIcmp, kIcmp6}}, ByProgram{}, Goto{"refuse"}});
  output.push_back({CtState{.related = true}, Layer4{{kIcmp, kIcmp6}}, Accept{}});
}

Chain from_held(const Base& base) {
  std::vector<Rule> rules;
  skip_uplinks(base, Return{}, rules);
  rules.push_back({Icmp6Types{{kRouterAdvertisement, kRedirect6}}, Goto{kForeign}});
  rules.push_back({IcmpTypes{{kRedirect}}, Goto{kForeign}});
  return {.name = kFromHeld, .hook = {}, .rules = std::move(rules)};
}

void refuse_routers(const Base& base, std::vector<Rule>& input) {
  for (const std::string& pattern : base.forward)
    input.push_back({InInterface{pattern}, Jump{kFromHeld}});
}

void skip_uplinks(const Base& base, const Statement& verdict, std::vector<Rule>& rules) {
  if (!base.uplinks.empty()) rules.push_back({InOneOf{base.uplinks}, verdict});
}

}  // namespace egress::nft
