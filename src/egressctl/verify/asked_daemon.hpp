// The daemon behind the control socket.
#pragma once

#include <string>
#include <vector>

#include "egressctl/ask.hpp"
#include "egressctl/verify/prove.hpp"

namespace egress::verify {

class AskedDaemon : public Daemon {
 public:
  // `resolvers`: whom programs ask where the probes are made; empty: as the daemon says.
  AskedDaemon(ctl::Context& context, std::vector<std::string> resolvers)
      : context_(context), resolvers_(std::move(resolvers)) {}

  std::optional<control::ProofReply> proof() override;
  std::optional<control::RefusalsReply> refusals() override;
  std::optional<control::DnsReply> dns() override;

  ctl::Exit exit() const { return exit_; }  // why there was no answer
  // SHA-256 of the policy as the daemon told it first: mode, DNS and every target, one a line.
  const std::string& policy_digest() const { return policy_digest_; }

 private:
  template <class R>
  std::optional<R> keep(tl::expected<R, ctl::Exit> reply) {
    if (reply) return std::move(*reply);
    exit_ = reply.error();
    return std::nullopt;
  }

  ctl::Context& context_;
  const std::vector<std::string> resolvers_;
  ctl::Exit exit_ = ctl::Exit::failed;
  std::string policy_digest_;
};

}  // namespace egress::verify
