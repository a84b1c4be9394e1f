// Every kind of probe that `verify` knows: the one place for its id, its title and what it means
// when it does not hold. A new kind is a line here and a plan that makes it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace egress::verify {

enum class Group {
  works,    // what the policy allows
  refused,  // what it does not
  source,   // in whose name: its ids begin with "source"
  truth,    // what must be so, whatever is tried: its ids begin with "true"
};

struct Kind {
  std::string_view id;     // "refused.metadata": the group, then the kind; stable, for scripts
  std::string_view title;  // what holds if it holds
  std::string_view means;  // what it means if it does not
  // Untried, it leaves the proof whole: it is not about what can be reached now, or another kind
  // shows the same.
  bool is_aside = false;
};

inline constexpr auto kCatalogue = std::to_array<Kind>({
    {"works.control-dns", "DNS answers at all",
     "Without an answer from DNS no refusal proves anything: the network may be dead."},
    {"works.control-connect", "an allowed endpoint can be connected to at all",
     "Without one connection no refusal proves anything: the network may be dead."},
    {"works.resolver", "the pinned resolvers answer",
     "Allowed names cannot be resolved there; their addresses stay open until they end."},
    {"works.guard", "egressd's DNS guard answers, at every resolver's address",
     "Programs on this host cannot resolve the names that the policy allows."},
    {"works.tls", "allowed names take TLS with a certificate that is theirs",
     "A program cannot use this endpoint, or somebody else answers in its place."},
    {"works.tcp", "allowed TCP endpoints accept connections",
     "A program cannot use this endpoint: it is down, or refused."},
    {"works.ntp", "allowed NTP servers tell the time",
     "The clock may drift; certificates may then be judged wrongly."},
    {"works.ping", "allowed hosts answer echo requests",
     "A program cannot ping this host: it is down, answers none, or is refused."},
    {"works.answers", "every address that DNS gives for an allowed name is open",
     "Programs are given addresses that they cannot reach, so that they fail now and then."},
    {"works.address", "every entry of the policy has an address to connect to",
     "The entry opens nothing now: its name does not resolve, or only to what may not be opened."},
    {"works.loopback", "connections within this host",
     "Programs on this host cannot talk to each other: something refuses loopback."},
    {"works.inbound", "answers to whoever asks this host",
     "Services of this host (SSH) cannot answer: who manages it is locked out."},
    {"refused.by-name", "hosts outside the policy, at the addresses that DNS gives",
     "A program can reach a host that no entry names: it can send anything there."},
    {"refused.by-address", "hosts outside the policy, at well-known addresses",
     "A program that knows an address can reach a host that no entry names, without DNS."},
    {"refused.wrong-port", "another port of an allowed address",
     "An entry opens more than its port: other services at that address can be reached."},
    {"refused.neighbour", "the address beside an allowed one",
     "A range is open where one address was meant: whoever rents the next one can be reached."},
    {"refused.quic", "QUIC to an allowed address",
     "A TCP entry opens UDP too: what was allowed for one protocol is open for another."},
    {"refused.ssh", "SSH to a host outside the policy",
     "A program can push to a repository or open a tunnel by SSH."},
    {"refused.connect-to", "an allowed name at an address that is not its own",
     "A program that pins a name to an address of its choice gets through."},
    {"refused.proxy", "a proxy outside the policy",
     "A program that is told to use an outside proxy reaches everything through it."},
    {"refused.source-port", "packets from the source port of DNS",
     "A port that filters trust lets data out of this host."},
    {"refused.metadata", "the cloud metadata service",
     "A program can fetch the credentials of this machine from its cloud."},
    {"refused.ping", "echo requests", "Data can leave in ICMP echo requests, to any host."},
    {"refused.icmp", "ICMP other than echo requests, to allowed and other hosts",
     "Data can leave in ICMP messages, and others can be told wrong ways (redirects)."},
    {"refused.sctp", "SCTP", "Data can leave in SCTP, to any host."},
    {"refused.gre", "GRE", "A tunnel can be built to any host."},
    {"refused.udp-lite", "UDP-Lite", "Data can leave in UDP-Lite, to any host."},
    {"refused.raw-ip", "raw IP packets of another protocol",
     "Data can leave in packets of a protocol without ports, to any host."},
    {"refused.fragment", "fragments of IPv4 packets",
     "Data can leave in pieces of packets, to any host."},
    {"refused.multicast", "multicast", "Data can leave to whoever listens to a group."},
    {"refused.broadcast", "broadcast", "Data can leave to every host of the network."},
    {"refused.dns-name", "questions for names outside the policy",
     "A name that is asked for reaches its zone's server: data can leave in names."},
    {"refused.dns-foreign-udp", "a foreign resolver, over UDP",
     "A program can ask a resolver of its own choice: data can leave in names."},
    {"refused.dns-foreign-tcp", "a foreign resolver, over TCP",
     "A program can ask a resolver of its own choice: data can leave in names."},
    {"refused.dns-tunnel", "questions that carry data, below allowed and other names",
     "DNS carries data out of this host and answers back in: a tunnel."},
    {"refused.dns-hints", "records that carry addresses past the filter (HTTPS)",
     "A program is given addresses that egressd has not opened, or other data."},
    {"refused.dns-inside", "addresses inside, given by an outside name",
     "Whoever serves an allowed name can point programs at this host or its network."},
    {"refused.dns-over-tls", "DNS over TLS",
     "A program can ask any name where the guard cannot read it: data can leave in names."},
    {"refused.dns-over-quic", "DNS over QUIC",
     "A program can ask any name where the guard cannot read it: data can leave in names."},
    {"refused.dns-over-https", "DNS over HTTPS, at public resolvers",
     "A program can ask any name where the guard cannot read it: data can leave in names."},
    {"refused.revoked", "a flow that was open when its entry was revoked",
     "What deny, a reload or the end of a grant revokes goes on as long as its connections.", true},
    {"source.freebind", "packets from a socket bound to somebody else's address",
     "A program reaches any host by this one's answers, in whose name it speaks: it takes no "
     "right."},
    {"source.spoofed", "packets made by hand with somebody else's address",
     "A program or container reaches any host by this one's answers, in whose name it speaks."},
    {"source.related", "ICMP errors about flows that are none of their sender's",
     "A program or container sends data to whoever has sent this host anything: in errors about "
     "that."},
    {"source.trampoline", "answers of this host to whomever a packet names as its sender",
     "Data leaves in what this host itself sends back: replies, refusals, errors.", true},
    {"source.proxy", "outside hosts, asked for at every allowed endpoint as at a proxy",
     "An allowed endpoint is a proxy: whatever it reaches, a program reaches through it."},
    {"true.table", "chains, rules, hooks and sets in the kernel are the desired ones",
     "Somebody changed egressd's rules, or a commit was lost."},
    {"true.elements", "the sets hold what the name table wants open",
     "Somebody opened or closed an address by hand, or a commit was lost."},
    {"true.expiry", "what is open ends when it should",
     "An address stays open longer than DNS and the policy justify, were egressd to die."},
    {"true.clocks", "egressd's clocks agree with this host's",
     "Grants and addresses end too late or too early: egressd runs with clocks of its own."},
    {"true.socket", "the control socket refuses a change to who has no right",
     "Any program on this host can allow itself what it likes."},
    {"true.others", "no other table can carry a packet past egressd",
     "What egressd has let through may go elsewhere, or what it refuses leave all the same."},
    {"true.forwarding", "whatever this host forwards is held to the list",
     "Containers and machines behind this host reach whatever they want."},
});

inline constexpr std::string_view text(Group group) {
  constexpr std::array<std::string_view, 4> kTexts{"works", "refused", "source", "true"};
  return kTexts.at(static_cast<std::size_t>(group));
}

// A kind of the catalogue, written as its id: what the catalogue lacks does not compile.
class KindId {
 public:
  KindId() = default;  // none
  consteval KindId(const char* id) : kind_(find(id)) {}
  constexpr explicit KindId(const Kind& kind) : kind_(&kind) {}

  constexpr std::string_view id() const { return kind_ ? kind_->id : std::string_view(); }
  constexpr std::string_view title() const { return kind_ ? kind_->title : std::string_view(); }
  constexpr std::string_view means() const { return kind_ ? kind_->means : std::string_view(); }
  constexpr Group group() const {
    if (id().starts_with("works.")) return Group::works;
    if (id().starts_with("source.")) return Group::source;
    return id().starts_with("refused.") ? Group::refused : Group::truth;
  }
  // Whether nothing is proven while it could not be tried: it may be a way out.
  constexpr bool matters() const {
    return kind_ != nullptr && group() != Group::works && !kind_->is_aside;
  }
  bool operator==(const KindId&) const = default;

 private:
  static consteval const Kind* find(std::string_view id) {
    const auto* const found = std::ranges::find(kCatalogue, id, &Kind::id);
    return found == kCatalogue.end() ? throw "no such kind in the catalogue" : found;
  }

  const Kind* kind_ = nullptr;
};

}  // namespace egress::verify
