// Who may answer a question in the tests of the DNS guard, each by saying its name.
#pragma once

#include <string>
#include <vector>

#include "contract/guarded.hpp"
#include "contract/question.hpp"
#include "egress/nft/kernel.hpp"
#include "support/netns.hpp"
#include "support/servers.hpp"

namespace egress::test {

inline constexpr Port kUnusual = 5300;  // of a DNS server that is not at port 53

inline constexpr const char* kResolvers[] = {"192.0.2.53", "2001:db8:a::53"};
inline constexpr const char* kStrangers[] = {"8.8.8.8", "2001:4860:4860::8888"};
inline constexpr const char* kStubs[] = {"127.0.0.53", "::1"};
// Of the internet too, for a test that speaks from there itself.
inline constexpr const char* kPeers[] = {"8.8.4.4", "2001:4860:4860::8844"};
inline constexpr Transport kTransports[] = {Transport::udp, Transport::tcp};

// In a namespace, at a port: a server that says the same over UDP and TCP.
class Speaker {
 public:
  Speaker(const NetworkNamespace& netns, Port port, const std::string& text)
      : udp_(netns.name(), port, say(text)),
        tcp_(netns.name(), {port}, Bytes(text.begin(), text.end())) {}

 private:
  UdpServer udp_;
  TcpServer tcp_;
};

// The DNS of the internet `wire`, and the stub and the guard of `host`.
class GuardServers {
 public:
  GuardServers(const NetworkNamespace& wire, const NetworkNamespace& host)
      : internet_(wire, 53, "internet"),
        unusual_(wire, kUnusual, "internet"),
        stub_(host, 53, "stub"),
        guard_(host, kGuard.port, "guard") {
    for (const auto& pair : {kResolvers, kStrangers, kPeers})
      wire.run(std::string("ip addr add ") + pair[0] + "/32 dev lo; ip addr add " + pair[1] +
               "/128 dev lo");
  }

 private:
  Speaker internet_;
  Speaker unusual_;
  Speaker stub_;
  Speaker guard_;
};

// The pinned resolvers, at port 53 and at the unusual one.
inline std::vector<nft::Change> pinned() {
  std::vector<nft::Change> changes;
  for (const char* address : kResolvers)
    for (const Transport transport : kTransports)
      for (const Port port : {Port{53}, kUnusual})
        changes.push_back({nft::Change::Verb::add,
                           nft::ElementKey::endpoint(nft::SetId::resolvers,
                                                     {*IpAddress::parse(address), transport, port}),
                           milliseconds{0}});
  return changes;
}

// Over both transports, to each address of each pair.
template <class... Pair>
std::vector<Question> questions_to(const Pair&... pairs) {
  std::vector<Question> questions;
  for (const auto* pair : {&pairs...})
    for (const char* address : *pair)
      for (const Transport transport : kTransports)
        questions.push_back({.transport = transport, .address = address});
  return questions;
}

inline bool is_dns(const nft::Flow& flow) {
  return flow.destination.port == 53;
}

}  // namespace egress::test
