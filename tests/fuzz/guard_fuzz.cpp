// What holds for the whole guard, whatever programs ask, the resolvers say and the kernel does.
//
// Input: three octets that choose the kernel, the limits and the first policy, then steps until
// nothing is left: an octet that chooses one, and what it takes. The judge is guard_witness.cpp.
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "adapters/cares/answer_parser.hpp"
#include "fuzz/guard_witness.hpp"
#include "fuzz/input.hpp"
#include "support/dns_octets.hpp"

namespace egress::fuzz {
namespace {

using guard::Octets;
using policy::AllowEntry;
using namespace guard::test;
using namespace std::chrono_literals;

constexpr int kSteps = 80;
constexpr int kFloods = 1;        // of names
constexpr int kLargeAnswers = 5;  // a name can have more addresses than its limit

template <class T, std::size_t n>
const T& pick(Input& input, const std::array<T, n>& from) {
  return from[input.below(n)];
}

constexpr std::array<std::string_view, 16> kNames{
    "api.example.com", "www.example.com",   "example.com",      "a.wild.example",
    "b.wild.example",  "wild.example",      "c.a.wild.example", "x.grant.example",
    "localhost",       "a.localhost",       "evil.test",        "mozilla.cloudflare-dns.com",
    "192.0.2.1",       "_srv.wild.example", "www.evil.test",    "b.grant.example"};

constexpr std::array<std::string_view, 24> kAddresses4{
    "192.0.2.1",   "192.0.2.2",       "198.51.100.1",    "203.0.113.9", "127.0.0.1",
    "127.8.8.8",   "169.254.169.254", "169.254.1.1",     "10.0.0.1",    "172.16.0.1",
    "192.168.1.1", "100.64.0.1",      "100.100.100.200", "224.0.0.1",   "0.0.0.0",
    "240.0.0.1",   "255.255.255.255", "168.63.129.16",   "198.18.0.1",  "192.0.0.192",
    "8.8.8.8",     "192.0.2.200",     "1.1.1.1",         "192.0.2.3"};
constexpr std::array<std::string_view, 24> kAddresses6{"2001:db8::1",
                                                       "2001:db8::2",
                                                       "2606:4700::1",
                                                       "::1",
                                                       "::",
                                                       "fe80::1",
                                                       "fd00:ec2::254",
                                                       "fc00::1",
                                                       "ff02::1",
                                                       "::ffff:127.0.0.1",
                                                       "::ffff:192.0.2.1",
                                                       "::ffff:10.0.0.1",
                                                       "64:ff9b::7f00:1",
                                                       "64:ff9b::a9fe:a9fe",
                                                       "64:ff9b:1::a00:1",
                                                       "2002:7f00:1::",
                                                       "2002:a9fe:a9fe::1",
                                                       "2001:0:1:2:3:4:5:6",
                                                       "::127.0.0.1",
                                                       "fec0::1",
                                                       "fd20:ce::254",
                                                       "2001:db8::3",
                                                       "64:ff9b::c000:201",
                                                       "2a00::1"};

constexpr std::array<seconds, 12> kTtls{
    0s, 1s, 5s, 30s, 60s, 300s, 900s, 3600s, 7200s, 86400s, 2'147'483'647s, 2'147'483'648s};
constexpr std::array<milliseconds, 16> kPauses{0ms, 1ms, 50ms, 99ms, 100ms, 150ms, 1s, 5s,
                                               10s, 30s, 60s,  5min, 15min, 75min, 2h, 24h};
constexpr std::array kStatuses{
    dns::Status::ok,       dns::Status::ok,         dns::Status::ok,      dns::Status::nodata,
    dns::Status::nxdomain, dns::Status::servfail,   dns::Status::refused, dns::Status::malformed,
    dns::Status::timeout,  dns::Status::unreachable};

AllowEntry entry(policy::Destination destination, PortRange ports) {
  AllowEntry made = test::allow_entry(std::move(destination));
  made.ports = ports;
  return made;
}
AllowEntry named(std::string_view name, Port port) {
  return entry(*DnsName::parse(name), {port, port});
}
AllowEntry below(std::string_view text, Port port) {
  return entry(test::wildcard(text), {port, port});
}
AllowEntry literal(std::string_view prefix, PortRange ports) {
  return entry(*Prefix::parse(prefix), ports);
}
AllowEntry with_private(AllowEntry made) {
  made.allows_private = true;
  return made;
}
AllowEntry with_metadata(AllowEntry made) {
  made.allows_metadata = true;
  return made;
}
AllowEntry until(AllowEntry made, WallTime end) {
  made.until = end;
  return made;
}

// What a policy may hold, each by a bit of its mask.
std::vector<AllowEntry> all_entries(WallTime now) {
  AllowEntry quic = named("api.example.com", 443);
  quic.transport = Transport::udp;
  return {named("api.example.com", 443),
          below("*.wild.example", 443),
          with_private(named("api.example.com", 8443)),
          quic,
          entry(test::wildcard(".wild.example"), {80, 82}),
          with_private(below("*.wild.example", 8080)),
          with_metadata(named("www.example.com", 80)),
          named("a.wild.example", 22),
          literal("192.0.2.0/24", {443, 443}),
          literal("192.0.2.128/25", {440, 450}),
          literal("2001:db8::/32", {443, 443}),
          until(named("api.example.com", 993), now + 60s),
          until(below("*.grant.example", 443), now + 20min),
          below("*.cloudflare-dns.com", 443),
          with_metadata(named("localhost", 80)),
          below("*.example.com", 443)};
}

const std::array<policy::Limits, 4> kLimits{policy::Limits{}, policy::Limits{1s, 60s, 1s, 0s},
                                            policy::Limits{5s, 86400s, 60s, 60s},
                                            policy::Limits{30s, 30s, 900s, 86400s}};

nft::Capabilities capabilities(unsigned octet) {
  nft::Capabilities made;
  made.updates_timeout = (octet & 1U) == 0;
  made.destroys = (octet & 2U) == 0;
  made.counts_destinations = (octet & 4U) == 0;
  return made;
}

IpAddress address(Input& input, Family family) {
  const unsigned octet = input.octet();
  if (octet >= 240) {
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(input.take(family == Family::ipv4 ? 4 : 16), octets.begin());
    if (family == Family::ipv6) return IpAddress::v6(octets);
    return IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
  }
  const auto& pool = family == Family::ipv4 ? kAddresses4 : kAddresses6;
  return *IpAddress::parse(pool[octet % pool.size()]);
}

class Run {
 public:
  explicit Run(Span octets)
      : input_(octets),
        host_(capabilities(input_.octet())),
        limits_(pick(input_, kLimits)),
        witness_(host_) {
    change_policy();
    witness_.check();
  }

  void play() {
    for (int i = 0; i < kSteps && !input_.empty(); ++i) {
      step(input_.octet());
      witness_.check();
    }
    finish();
  }

 private:
  void step(unsigned octet) {
    switch (octet % 16) {
      case 0:
      case 1:
        return ask(std::string(pick(input_, kNames)));
      case 2: {
        const Span message = input_.counted();
        return take({message.begin(), message.end()});
      }
      case 3:
      case 4:
        return answer();
      case 5:
        return answer_in_octets();
      case 6:
      case 7:
        return host_.pass(pick(input_, kPauses));
      case 8:
        return change_policy();
      case 9:
      case 10:
        return fail_kernel();
      case 11:
        return ask_for_many();
      case 12:
        return answer_with_many();
      case 13:
        return change_surroundings();
      case 14:
        return restore();
      default:
        return answer_uninvited();
    }
  }

  void take(Octets message) {
    const unsigned octet = input_.octet();
    guard::Client client{.address = *IpAddress::parse(octet % 4 == 1 ? "::1" : "127.0.0.1"),
                         .port = 1024,
                         .local = *IpAddress::parse("127.0.0.1"),
                         .transport = octet % 8 < 4 ? Transport::udp : Transport::tcp,
                         .handle = witness_.messages()};
    if (octet % 4 == 2) client.address = *IpAddress::parse("10.0.0.7");
    witness_.on_message(client, message);
    host_.take(message, client);
  }

  void ask(const std::string& name) {
    static constexpr std::array<unsigned, 8> kTypes{1, 28, 1, 28, 16, 65, 255, 12};
    const unsigned type = pick(input_, kTypes);
    const unsigned how = input_.octet();
    Octets message = u16(input_.u16()) + u16(0x0100) + u16(1) + u16(0) + u16(0) +
                     u16((how & 1U) != 0 ? 1U : 0U) + question(name, type);
    if ((how & 2U) != 0 && message[13] >= 'a') message[13] -= 'a' - 'A';
    take((how & 1U) != 0 ? message + opt(512 + (how >> 4U) * 256) : message);
  }

  // Many are seldom, since they take long.
  unsigned few_or_many(unsigned many) {
    const unsigned octet = input_.octet();
    return octet < 250 ? octet % 16 : many;
  }

  void ask_for_many() {
    const unsigned count = few_or_many(1100);
    if (floods_++ >= kFloods) return;
    for (unsigned i = 0; i < count; ++i) ask("n" + std::to_string(names_++) + ".wild.example");
  }

  const dns::Question* asked() {
    const auto& asked = host_.asked();
    return asked.empty() ? nullptr : &asked[input_.octet() % asked.size()];
  }

  void give(dns::Answer answer) {
    witness_.on_answer(answer);
    host_.answer(std::move(answer));
  }

  dns::Answer read_answer(const dns::Question& question) {
    dns::Answer answer{.question = question,
                       .status = pick(input_, kStatuses),
                       .addresses = {},
                       .ttl = pick(input_, kTtls),
                       .chain = {}};
    for (unsigned left = input_.below(4); left > 0; --left)
      answer.chain.emplace_back(pick(input_, kNames));
    if (dns::is_negative(answer.status)) answer.zone = question.name.text();
    if (answer.status != dns::Status::ok) return answer;
    const unsigned octet = input_.octet();
    const bool is_other = octet >= 250;  // addresses of the other family are none
    const Family family =
        (question.family == Family::ipv4) != is_other ? Family::ipv4 : Family::ipv6;
    for (unsigned left = 1 + octet % 6; left > 0; --left)
      answer.addresses.push_back(address(input_, family));
    return answer;
  }

  void answer() {
    if (const auto* question = asked()) give(read_answer(*question));
  }

  // As a resolver writes it: flags, counts and records are the input's.
  void answer_in_octets() {
    const auto* asked_now = asked();
    if (asked_now == nullptr) return;
    const unsigned rcode = input_.octet() % 6;
    const unsigned counts = input_.octet();
    const Span records = input_.counted();
    Octets message = u16(0) + u16(0x8180U | rcode) + u16(1) + u16(counts % 8) +
                     u16(counts / 8 % 4) + u16(0) +
                     question(asked_now->name.text(), asked_now->family == Family::ipv4 ? 1 : 28);
    message.insert(message.end(), records.begin(), records.end());
    give(cares::parse_answer(*asked_now, message));
  }

  void answer_with_many() {
    const auto* question = asked();
    if (question == nullptr || large_answers_++ >= kLargeAnswers) return;
    dns::Answer answer{
        .question = *question, .addresses = {}, .ttl = pick(input_, kTtls), .chain = {}};
    const bool is_v4 = question->family == Family::ipv4;
    IpAddress next = *IpAddress::parse(is_v4 ? "203.0.0.0" : "2600::");
    for (unsigned skipped = input_.octet() * 128; skipped > 0; --skipped) next.next(next);
    for (unsigned left = few_or_many(300); left > 0 && next.next(next); --left)
      answer.addresses.push_back(next);
    if (!answer.addresses.empty()) give(std::move(answer));
  }

  // An answer that nobody asked for, or that comes twice: it must change nothing.
  void answer_uninvited() {
    const dns::Question question{*DnsName::parse("api.example.com"),
                                 input_.below(2) == 0 ? Family::ipv4 : Family::ipv6};
    const dns::Answer answer = read_answer(question);
    if (std::ranges::count(host_.asked(), question) == 0)
      host_.tell(engine::Answered{answer, input_.below(2) == 1});
  }

  void change_policy() {
    const unsigned mask = input_.u16();
    const unsigned settings = input_.octet();
    const WallTime now = host_.clock().wall();
    const auto all = all_entries(now);
    std::vector<AllowEntry> entries;
    for (std::size_t i = 0; i < all.size(); ++i)
      if ((mask >> i & 1U) != 0) entries.push_back(all[i]);
    auto policy = std::make_shared<policy::Policy>();
    policy->entries = policy::Entries(std::move(entries));
    policy->limits = limits_;
    policy->mode = settings % 8 == 7 ? policy::Mode::audit : policy::Mode::enforce;
    if ((settings & 8U) != 0) policy->dns.refuse_with = policy::RefuseWith::refused;
    if ((settings & 16U) != 0) policy->dns.wildcard_rate = policy::Rate{3, 60s};
    witness_.on_policy(policy);
    host_.tell(engine::PolicyChanged{policy, now});
  }

  void fail_kernel() {
    using Fate = test::FakeKernel::Fate;
    const unsigned octet = input_.octet();
    const std::uint64_t nth = host_.kernel().commits() + 1 + octet / 64;
    switch (octet % 8) {
      case 0:
        return host_.kernel().refuse_commit(nth, ENOMEM);
      case 1:
        return host_.kernel().lose_acknowledgement(nth, Fate::applied);
      case 2:
        return host_.kernel().lose_acknowledgement(nth, Fate::dropped);
      case 3:
        host_.commit_takes = 60ms;
        return;
      case 4:
        host_.commit_takes = 150ms;
        return;
      case 5:
        host_.kernel().flush();
        return host_.tell(engine::TableDoubted{});
      default:
        host_.commit_takes = 0ms;
    }
  }

  void change_surroundings() {
    switch (const unsigned octet = input_.octet(); octet % 4) {
      case 0:
        return host_.tell(engine::OwnAddressesChanged{{address(input_, Family::ipv4)}});
      case 1:
        return host_.tell(engine::OwnAddressesChanged{{address(input_, Family::ipv6)}});
      case 2:
        return host_.tell(engine::TableDoubted{});
      default:
        return host_.tell(
            engine::ResolversChanged{{.otherwise = {{*IpAddress::parse("192.0.2.53"), 53}}}});
    }
  }

  void restore() {
    const auto name = DnsName::parse(pick(input_, kNames));
    const Family family = input_.below(2) == 0 ? Family::ipv4 : Family::ipv6;
    const IpAddress known = address(input_, family);
    const WallTime wall = host_.clock().wall();
    const WallTime expires = wall + pick(input_, kTtls);
    if (!name) return;
    const engine::Restored restored{{*name, known, expires}, wall};
    witness_.on_restored(restored);
    host_.tell(restored);
  }

  // The kernel and the clock go on until nobody can wait any more.
  void finish() {
    host_.commit_takes = 0ms;
    for (const milliseconds pause : {100ms, 1000ms, 10'000ms}) {
      host_.pass(pause);
      witness_.check();
    }
    witness_.check_all_answered();
  }

  Input input_;
  test::GuardedHost host_;
  policy::Limits limits_;
  Witness witness_;
  unsigned names_ = 0;
  int floods_ = 0;
  int large_answers_ = 0;
};

}  // namespace
}  // namespace egress::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  egress::fuzz::Run({data, size}).play();
  return 0;
}
