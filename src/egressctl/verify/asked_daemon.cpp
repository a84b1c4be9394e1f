#include "egressctl/verify/asked_daemon.hpp"

#include <set>

#include "adapters/tls/digest.hpp"
#include "egressctl/verify/allowed.hpp"

namespace egress::verify {

namespace {

// Without what changes by itself: addresses, and the order of answers.
std::string digest_of(const control::ProofReply& proof) {
  std::set<std::string> lines{"mode " + proof.mode, "dns " + proof.dns};
  for (const auto& endpoint : proof.endpoints) {
    lines.insert(endpoint.target + (endpoint.optional ? " optional" : "") +
                 (endpoint.private_answers ? " private" : "") +
                 (endpoint.metadata ? " metadata" : ""));
  }
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return tls::sha256(text);
}

}  // namespace

// With the guard any address will do, so those count that programs there really ask; without it
// only the pinned ones are open.
std::optional<control::ProofReply> AskedDaemon::proof() {
  auto reply = keep(ctl::ask<control::ProofReply>(context_, control::ProofRequest{}));
  if (!reply) return reply;
  if (policy_digest_.empty()) policy_digest_ = digest_of(*reply);
  if (is_guarded(*reply) && !resolvers_.empty()) reply->resolvers = resolvers_;
  return reply;
}

std::optional<control::RefusalsReply> AskedDaemon::refusals() {
  return keep(ctl::ask<control::RefusalsReply>(context_, control::RefusalsRequest{}));
}

std::optional<control::DnsReply> AskedDaemon::dns() {
  return keep(ctl::ask<control::DnsReply>(context_, control::DnsRequest{}));
}

}  // namespace egress::verify
