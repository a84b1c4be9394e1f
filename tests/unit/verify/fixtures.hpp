// A small policy and readable trials for the tests of `verify`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "control/messages.hpp"
#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/judge.hpp"
#include "egressctl/verify/plan.hpp"
#include "egressctl/verify/truths.hpp"

namespace egress::verify {

inline IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}
inline DnsName name(std::string_view text) {
  return DnsName::parse(text).value();
}

inline control::ProvableEndpoint endpoint(std::string target, std::string host,
                                          std::vector<std::string> addresses) {
  const auto parts = split_target(target);
  control::ProvableEndpoint result;
  result.target = target;
  result.host = std::move(host);
  result.transport = text(parts->transport);
  result.port = parts->ports.first;
  for (std::string& address : addresses) result.addresses.push_back({std::move(address), {}, 0});
  return result;
}

// api.openai.com over both families, through one resolver.
inline control::ProofReply small_policy() {
  control::ProofReply proof;
  proof.mode = "enforce";
  proof.resolvers = {"10.0.0.2"};
  proof.endpoints = {
      endpoint("tcp/api.openai.com:443", "api.openai.com", {"192.0.2.1", "2001:db8::1"})};
  return proof;
}

// The same with `dns: guard`.
inline control::ProofReply guarded_policy() {
  control::ProofReply proof = small_policy();
  proof.dns = "guard";
  proof.refuse_with = "nxdomain";
  return proof;
}

inline probe::Observation reached() {
  probe::Observation seen;
  seen.outcome = probe::Outcome::reached;
  return seen;
}
inline probe::Observation outcome(probe::Outcome what, int error = 0) {
  probe::Observation seen;
  seen.outcome = what;
  seen.error = error;
  return seen;
}
inline probe::Observation answer(int rcode, std::vector<IpAddress> addresses) {
  probe::Observation seen;
  seen.outcome =
      rcode == 0 && !addresses.empty() ? probe::Outcome::reached : probe::Outcome::wrong_answer;
  seen.rcode = rcode;
  seen.records = addresses.size();
  seen.addresses = std::move(addresses);
  return seen;
}
// What the DNS guard says of a name that is not allowed.
inline probe::Observation refused_by_guard(int rcode = 3) {
  probe::Observation seen = answer(rcode, {});
  seen.extended_error = {15, "egressd: not in this host's allow-list"};
  return seen;
}

inline control::DnsReply guard_counts(std::vector<control::DnsCount> counts) {
  control::DnsReply reply;
  reply.counts = std::move(counts);
  return reply;
}
inline control::RefusalReport refusal(const Endpoint& endpoint, std::uint64_t packets) {
  return {endpoint.address.text(), std::string(text(endpoint.transport)), endpoint.port, packets};
}

}  // namespace egress::verify
