// The daemon behind the control socket.
#pragma once

#include <string>
#include <vector>

#include "egressctl/ask.hpp"
#include "egressctl/place/place.hpp"
#include "egressctl/verify/prove.hpp"

namespace egress::verify {

class AskedDaemon : public Daemon {
 public:
  // Of the place: whom programs ask there (none: as the daemon says), and as whom a change without
  // rights is asked for.
  AskedDaemon(ctl::Context& context, const place::Place& place)
      : context_(context), place_(place) {}

  std::optional<control::ProofReply> proof() override;
  std::optional<control::RefusalsReply> refusals() override;
  void announce(const std::vector<Endpoint>& refused,
                const std::vector<Endpoint>& allowed) override;
  std::optional<control::DnsReply> dns() override;
  std::optional<Health> health() override;
  std::optional<std::vector<Passage>> passages() override;
  Attempt attempt() override;
  Result<void> grant(const std::vector<std::string>& targets) override;
  Result<void> revoke(const std::vector<std::string>& targets) override;

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
  const place::Place& place_;
  ctl::Exit exit_ = ctl::Exit::failed;
  std::string policy_digest_;
};

}  // namespace egress::verify
