// The guard beside unbound above a resolver whose answers are not in order: both make the same of
// them, but for what the table in conformance/deviations.cpp lists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "net/conformance/deviations.hpp"
#include "net/conformance/resolvers.hpp"
#include "net/forged_reply.hpp"
#include "net/net_test.hpp"

namespace egress::test::conformance {
namespace {

constexpr const char* kOddZone = "odd.example";
constexpr const char* kAddress = "104.20.0.1";
constexpr std::size_t kMostPlaces = 17;    // of a chain
constexpr unsigned kNoRecursion = 0x8100;  // QR, RD: neither an authority nor a resolver
constexpr unsigned kAuthority = 0x8500;    // QR, AA, RD

using guard::test::name;
using guard::test::record;

// Each has a zone of its own. The question is about the name "a" in it, and a resolver that follows
// aliases by itself asks about those that they lead to: "c1", "c2" and so on.
std::size_t place(const Bytes& question) {
  const std::string first(question.begin() + kHeader + 1,
                          question.begin() + kHeader + 1 + question[kHeader]);
  return first == "a" ? 0 : std::stoul(first.substr(1));
}
// A pointer to where the question's name goes on behind its first label.
Bytes zone(const Bytes& question) {
  return u16(static_cast<unsigned>(0xc000U | (kHeader + 1U + question[kHeader])));
}
Bytes at(const Bytes& question, std::size_t place) {
  return label(place == 0 ? "a" : "c" + std::to_string(place)) + zone(question);
}

Bytes soa(const Bytes& owner, std::uint32_t ttl, std::uint32_t minimum) {
  return record(owner, kTypeSoa, ttl,
                owner + owner + u32(1) + u32(3600) + u32(600) + u32(86'400) + u32(minimum));
}
Bytes ns(const Bytes& owner) {
  return record(owner, kTypeNs, 60, name("ns.other.example"));
}
Bytes here(std::uint32_t ttl = 60) {
  return address_record(kAskedName, kAddress, ttl);
}
Bytes answer(const Bytes& question, const Bytes& records, unsigned count,
             unsigned flags = kAnswerFlags) {
  return reply(question, {.answers = records, .answer_count = count}, flags);
}
Bytes absence(const Bytes& question, unsigned rcode, const Bytes& authority,
              unsigned flags = kAnswerFlags) {
  return reply(
      question,
      {.authorities = authority, .answer_count = 0, .authority_count = authority.empty() ? 0U : 1U},
      flags | rcode);
}

// Aliases from the question's name on, each of the next, and an address at the last place.
std::optional<Bytes> chain(const Bytes& question, std::size_t last) {
  Bytes records;
  Bytes owner = kAskedName;
  unsigned count = 1;
  for (std::size_t i = place(question) + 1; i <= last; ++i, ++count) {
    records = records + cname(owner, at(question, i));
    owner = at(question, i);
  }
  return answer(question, records + address_record(owner, kAddress), count);
}
// Aliases from the question's name on, and after the last place again the first one given.
std::optional<Bytes> circle(const Bytes& question, std::size_t first, std::size_t last) {
  Bytes records;
  Bytes owner = kAskedName;
  std::size_t i = place(question);
  for (std::size_t count = 0; count <= last; ++count) {
    i = i == last ? first : i + 1;
    records = records + cname(owner, at(question, i));
    owner = at(question, i);
  }
  return answer(question, records, static_cast<unsigned>(last + 1));
}

struct Odd {
  const char* what;
  std::optional<Bytes> (*tell)(const Bytes& question);
  std::uint32_t ttl = 60;  // what the guard may tell
};

template <unsigned rcode>
std::optional<Bytes> fail(const Bytes& question) {
  return absence(question, rcode, {});
}
template <std::size_t length>
std::optional<Bytes> tell_chain(const Bytes& question) {
  return chain(question, length);
}

std::optional<Bytes> be_slow(const Bytes& question) {
  std::this_thread::sleep_for(100ms);
  return answer(question, here(), 1);
}
std::optional<Bytes> lose_the_first(const Bytes& question) {
  static std::atomic<unsigned> count = 0;
  if (++count % 2 == 1) return std::nullopt;
  return answer(question, here(), 1);
}

const std::vector<Odd> kOdd{
    {"SERVFAIL", fail<kServFail>},
    {"REFUSED", fail<kRefused>},
    {"FORMERR", fail<kFormErr>},
    {"NOTIMP", fail<4>},
    {"YXDOMAIN", fail<6>},
    {"slow", be_slow},
    {"the first question is lost", lose_the_first},
    {"an alias of itself", [](const Bytes& q) { return circle(q, 0, 0); }},
    {"two aliases in a circle", [](const Bytes& q) { return circle(q, 0, 1); }},
    {"an alias that leads into a circle", [](const Bytes& q) { return circle(q, 1, 2); }},
    {"a chain of 11", tell_chain<11>},
    {"a chain of 12", tell_chain<12>},
    {"a chain of 16", tell_chain<16>},
    {"a chain of 17", tell_chain<17>},
    {"a chain told backwards",
     [](const Bytes& q) {
       if (place(q) > 0) return chain(q, 2);
       return std::optional(answer(q,
                                   address_record(at(q, 2), kAddress) + cname(at(q, 1), at(q, 2)) +
                                       cname(kAskedName, at(q, 1)),
                                   3));
     }},
    {"an alias without its end",
     [](const Bytes& q) {
       if (place(q) > 0) return chain(q, 1);
       return std::optional(answer(q, cname(kAskedName, at(q, 1)), 1));
     },
     0},
    {"an address twice",
     [](const Bytes& q) { return std::optional(answer(q, here() + here(), 2)); }},
    {"TTLs that differ within a set",
     [](const Bytes& q) {
       return std::optional(answer(q, here(300) + address_record(kAskedName, "104.20.0.2", 60), 2));
     }},
    {"a TTL of 2^31",
     [](const Bytes& q) { return std::optional(answer(q, here(0x8000'0000U), 1)); }, 0},
    {"NXDOMAIN",
     [](const Bytes& q) { return std::optional(absence(q, kNxdomain, soa(zone(q), 60, 60))); }},
    {"NODATA", [](const Bytes& q) { return std::optional(absence(q, 0, soa(zone(q), 60, 60))); }},
    {"NODATA that counts less than its SOA",
     [](const Bytes& q) { return std::optional(absence(q, 0, soa(zone(q), 900, 60))); }},
    {"NXDOMAIN without SOA", fail<kNxdomain>, 0},
    {"NODATA without SOA", fail<kNoError>, 0},
    {"NXDOMAIN with another zone's SOA",
     [](const Bytes& q) {
       return std::optional(absence(q, kNxdomain, soa(name("other.example"), 60, 60)));
     },
     0},
    {"a referral",
     [](const Bytes& q) { return std::optional(absence(q, 0, ns(zone(q)), kNoRecursion)); }, 0},
    {"a referral upwards",
     [](const Bytes& q) { return std::optional(absence(q, 0, ns(name("")), kNoRecursion)); }, 0},
    {"nothing, of a server that is no resolver",
     [](const Bytes& q) { return std::optional(absence(q, 0, {}, kNoRecursion)); }, 0},
    {"an authority's answer",
     [](const Bytes& q) { return std::optional(answer(q, here(), 1, kAuthority)); }},
    {"neither an authority's nor a resolver's answer",
     [](const Bytes& q) { return std::optional(answer(q, here(), 1, kNoRecursion)); }},
    {"another name's address as well",
     [](const Bytes& q) {
       return std::optional(
           answer(q, here() + address_record(name("www.other.example"), "104.20.0.9"), 2));
     }},
    {"an address beside an alias",
     [](const Bytes& q) {
       if (place(q) > 0) return chain(q, 1);
       return std::optional(answer(q,
                                   cname(kAskedName, at(q, 1)) +
                                       address_record(kAskedName, "104.20.0.9") +
                                       address_record(at(q, 1), kAddress),
                                   3));
     }},
    {"an address of the other family",
     [](const Bytes& q) {
       return std::optional(answer(q, here() + address_record(kAskedName, "2606:4700::9"), 2));
     }},
    {"an address and NXDOMAIN",
     [](const Bytes& q) { return std::optional(answer(q, here(), 1, kAnswerFlags | kNxdomain)); },
     0},
};

class ConformanceOdd : public ::testing::Test {
 protected:
  static std::string zone_of(std::size_t i) { return "z" + std::to_string(i) + "." + kOddZone; }
  static std::string name_of(std::size_t i) { return "a." + zone_of(i); }
  static std::vector<std::string> all_zones() {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < kOdd.size(); ++i) out.push_back(zone_of(i));
    return out;
  }

  // Asks all at once: some are answered late.
  std::vector<DnsMessage> ask_all(const std::string& netns, std::uint16_t port) {
    DnsSocket client(netns, {.address = kResolver, .port = port});
    std::vector<DnsMessage> out(kOdd.size());
    for (std::size_t i = 0; i < kOdd.size(); ++i)
      EXPECT_TRUE(
          client.send(write_query({.name = name_of(i), .id = static_cast<std::uint16_t>(i)})));
    for (std::size_t i = 0; i < kOdd.size(); ++i) {
      auto message = client.receive(20s);
      EXPECT_TRUE(message) << i << " of " << kOdd.size() << " were answered at port " << port;
      if (!message) break;
      out.at(message->id) = *std::move(message);
    }
    return out;
  }

  const Lab lab;
  DnsServer upstream{lab.net()};
  const Unbound unbound{lab, "reference", kReferencePort, reference_settings(all_zones())};
  Summary summary;
};

TEST_F(ConformanceOdd, WhatIsNotInOrderIsUnderstoodAsUnboundDoes) {
  for (std::size_t i = 0; i < kOdd.size(); ++i) {
    const Zone told{.addresses = {}, .lie = kOdd[i].tell};
    upstream.set(name_of(i), told);
    for (std::size_t j = 1; j <= kMostPlaces; ++j)
      upstream.set("c" + std::to_string(j) + "." + zone_of(i), told);
  }
  const Daemon daemon(lab, guarded_policy("\"." + std::string(kOddZone) + ":443\""));
  const auto begin = std::chrono::steady_clock::now();
  const auto guard = ask_all(lab.host(), 53);
  const auto reference = ask_all(lab.net(), kReferencePort);
  for (std::size_t i = 0; i < kOdd.size(); ++i) {
    const Name name{.text = name_of(i), .kind = kOdd[i].what, .v4 = 1, .least_ttl = kOdd[i].ttl};
    Exchange exchange{&name, {.name = name.text}, Over::udp, guard[i], reference[i], {}};
    exchange.age =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
    for (const Aspect aspect : summary.add(exchange))
      ADD_FAILURE() << "unexplained: " << text(aspect) << "\n" << exchange;
  }
  summary.print(std::cout);
  EXPECT_THAT(summary.unseen(Upstream::odd), ::testing::IsEmpty());
}

}  // namespace
}  // namespace egress::test::conformance
