#include "nft/portless.hpp"

#include "nft/protocols.hpp"

namespace egress::nft {
namespace {

constexpr const char* kPortless = "portless";
constexpr const char* kPeer = "peer";
constexpr std::uint8_t kEcho = 8;     // RFC 792
constexpr std::uint8_t kEcho6 = 128;  // RFC 4443

Chain peer() {
  Chain chain{.name = kPeer, .hook = {}, .rules = {}};
  for (const Family family : kFamilies) chain.rules.push_back({PeerInSet{family}, Goto{"admit"}});
  admit_in(SetId::nets, chain.rules);
  chain.rules.push_back({Goto{"refuse"}});
  return chain;
}

// Of ICMP nothing but echo requests is anybody's to send: redirects, advertisements of routers and
// the like tell others what to do.
Chain portless() {
  return {.name = kPortless,
          .hook = {},
          .rules = {{IcmpTypes{{kEcho}}, Goto{kPeer}},
                    {Icmp6Types{{kEcho6}}, Goto{kPeer}},
                    {Layer4{{kIcmp, kIcmp6}}, Goto{"refuse"}},
                    {Goto{kPeer}}}};
}

}  // namespace

void admit_in(SetId set, std::vector<Rule>& rules) {
  for (const Family family : kFamilies)
    rules.push_back({DestinationInSet{set, family}, Goto{"admit"}});
}

Rule to_portless() {
  return {Layer4{{kIcmp, kIpip, kGre, kEsp, kIcmp6}}, Goto{kPortless}};
}

std::vector<Chain> portless_chains() {
  return {peer(), portless()};
}

}  // namespace egress::nft
