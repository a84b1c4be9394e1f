// The guard beside unbound: both forward to the same resolver, and what they say about allowed
// names is the same but for what the table in conformance/deviations.cpp lists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "net/conformance/deviations.hpp"
#include "net/conformance/resolvers.hpp"
#include "net/forged_reply.hpp"
#include "net/net_test.hpp"

namespace egress::test::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSlowness = 150ms;
constexpr auto kNextLookup = 6s;  // of a name whose lookup failed
constexpr int kMostPutOff = 3;

struct Transport {
  Over over = Over::udp;
  std::optional<std::uint16_t> edns_size;
};
constexpr std::array<Transport, 4> kTransports{
    {{Over::udp, std::nullopt}, {Over::udp, 1232}, {Over::udp, 4096}, {Over::tcp, 1232}}};

// A client with one socket for each transport, made anew when it does not answer.
class Client {
 public:
  Client(std::string netns, std::uint16_t port) : netns_(std::move(netns)), port_(port) {}

  DnsMessage ask(const DnsQuestion& question, Over over) {
    constexpr int kTries = 3;
    auto& socket = over == Over::udp ? udp_ : tcp_;
    for (int i = 0; i < kTries; ++i) {
      if (!socket)
        socket = std::make_unique<DnsSocket>(netns_, DnsServerAddress{kResolver, over, port_});
      if (auto message = socket->ask(question, 12s)) return *std::move(message);
      socket.reset();
    }
    ADD_FAILURE() << "no reply to " << question.name << " at port " << port_;
    return {};
  }

 private:
  std::string netns_;
  std::uint16_t port_;
  std::unique_ptr<DnsSocket> udp_, tcp_;
};

// Every second letter in upper case; which, depends on the number.
std::string in_mixed_case(std::string name, std::size_t number) {
  for (std::size_t i = 0; i < name.size(); ++i)
    if (name[i] >= 'a' && name[i] <= 'z' && (i + number) % 2 == 0)
      name[i] = static_cast<char>(name[i] - 'a' + 'A');
  return name;
}

std::optional<Bytes> refuse(const Bytes& question) {
  return reply(question, {.answer_count = 0}, 0x8000U | kRefused);
}

std::optional<Bytes> answer_late(const Bytes& question) {
  std::this_thread::sleep_for(kSlowness);
  const std::string address = type_of(question) == kTypeA ? "104.31.0.1" : "2606:4700:ffff::1";
  return reply(question, {.answers = address_record(kAskedName, address)}, 0x8400U);
}

// In the policy all names of the listed zone, and wildcards for those of the others.
std::string policy_for(const Corpus& corpus) {
  std::string allow;
  for (const Name& name : corpus.names)
    if (name.text.ends_with(kListedZone)) allow += name.text + ":443, ";
  for (const char* zone : {kWildcardZone, kLameZone, kSlowZone})
    allow += "\"." + std::string(zone) + ":443\", ";
  return guarded_policy(allow);
}

class Conformance : public ::testing::Test {
 protected:
  // Asks both, the guard first, and compares.
  void compare(const Name& name, const DnsQuestion& question, Over over) {
    Exchange exchange = ask(name, question, over);
    if (is_put_off(exchange) && put_off++ < kMostPutOff) {
      std::this_thread::sleep_for(kNextLookup);
      exchange = ask(name, question, over);
    }
    exchange.age = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
    expect_as_the_zone(exchange);
    for (const Aspect aspect : summary.add(exchange))
      ADD_FAILURE() << "unexplained: " << text(aspect) << "\n" << exchange;
  }

  Exchange ask(const Name& name, const DnsQuestion& question, Over over) {
    DnsQuestion with_rd = question;
    with_rd.recursion_desired = true;
    return {&name, question, over, guard.ask(question, over), reference.ask(with_rd, over), {}};
  }

  // On a busy machine the upstream resolver may be too late for a lookup, which is made again some
  // seconds later.
  static bool is_put_off(const Exchange& exchange) {
    const std::string& name = exchange.name->text;
    return exchange.guard.rcode() == kServFail && exchange.reference.rcode() != kServFail &&
           !name.ends_with(kLameZone) && !name.ends_with(kSlowZone);
  }

  // That the reference resolves, and what the zone holds.
  static void expect_as_the_zone(const Exchange& exchange) {
    const auto& [name, question, over, guard, reference, age] = exchange;
    ASSERT_EQ(reference.rcode(), name->rcode) << exchange;
    if (reference.is_truncated() || (question.type != kTypeA && question.type != kTypeAaaa)) return;
    ASSERT_EQ(reference.texts(question.type).size(), name->addresses(question.type)) << exchange;
    ASSERT_EQ(reference.texts(kTypeCname).size(), name->chain) << exchange;
  }

  const Lab lab;
  const Corpus corpus = make_corpus();
  const Clock::time_point begin = Clock::now();
  const UdpServer lame{lab.net(), kLamePort, refuse};
  const UdpServer slow{lab.net(), kSlowPort, answer_late};
  const Unbound upstream{lab, "upstream", 53, upstream_settings(lab, corpus)};
  const Unbound unbound{lab, "reference", kReferencePort, reference_settings()};
  const Daemon daemon{lab, policy_for(corpus)};
  Client guard{lab.host(), 53};
  Client reference{lab.net(), kReferencePort};
  Summary summary;
  int put_off = 0;
};

// The first and the last name of every kind.
std::vector<const Name*> ends_of_each_kind(const Corpus& corpus) {
  std::map<std::string, std::pair<const Name*, const Name*>> ends;
  for (const Name& name : corpus.names)
    ends.try_emplace(name.kind, &name, &name).first->second.second = &name;
  std::vector<const Name*> out;
  for (const auto& [kind, pair] : ends) out.insert(out.end(), {pair.first, pair.second});
  return out;
}

TEST_F(Conformance, FlagsSizesAndOtherTypes) {
  const DnsQuestion usual{.name = ""};
  std::vector<DnsQuestion> ways(7, usual);
  ways[0].recursion_desired = false;  // the first question about the name
  ways[2].authentic_data = true;
  ways[3].checking_disabled = true;
  ways[4].wants_dnssec = true;
  ways[5].edns_size = 0;
  ways[6].edns_size = 65'535;
  for (const std::uint16_t type : {kTypeHttps, kTypeSvcb, kTypeMx, kTypeTxt, kTypeSrv, kTypeNs})
    ways.push_back({.name = "", .type = type});
  for (const Name* name : ends_of_each_kind(corpus))
    for (DnsQuestion question : ways)
      for (const Over over : {Over::udp, Over::tcp}) {
        question.name = name->text;
        compare(*name, question, over);
      }
  summary.print(std::cout);
  EXPECT_THAT(summary.unseen(Upstream::usual), ::testing::IsEmpty());
}

TEST_F(Conformance, AThousandNamesAreAnsweredAsUnboundDoes) {
  EXPECT_GE(corpus.names.size(), 1000U);
  std::uint16_t id = 0;
  for (const Name& name : corpus.names)
    for (const std::uint16_t type : {kTypeA, kTypeAaaa})
      for (const auto& [over, edns_size] : kTransports) {
        ++id;
        const std::string text = id % 4 == 0 ? name.text : in_mixed_case(name.text, id);
        compare(name, {.name = text, .type = type, .id = id, .edns_size = edns_size}, over);
        if (HasFatalFailure()) return;
      }
  std::cout << corpus.names.size() << " names, ";
  summary.print(std::cout);
}

}  // namespace
}  // namespace egress::test::conformance
