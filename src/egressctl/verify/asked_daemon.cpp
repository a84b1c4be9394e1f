#include "egressctl/verify/asked_daemon.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "adapters/systemd/clock.hpp"
#include "adapters/tls/digest.hpp"
#include "control/client.hpp"
#include "egress/core/limits.hpp"
#include "egressctl/doctor/judge.hpp"
#include "egressctl/doctor/read.hpp"
#include "egressctl/place/attempt.hpp"
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

constexpr std::int64_t kGrantSeconds = 10;  // it ends by itself if we do not come to revoke it

// Quietly: what is refused is for the verdict to tell.
template <class R>
Result<R> call(const std::string& socket, const control::Request& request) {
  auto reply = control::call(socket, request);
  if (!reply) return fail(reply.error().message);
  if (const auto* refused = std::get_if<control::Refused>(&*reply)) return fail(refused->message);
  if (R* expected = std::get_if<R>(&*reply)) return std::move(*expected);
  return fail("the daemon's reply does not belong to the request");
}

std::vector<control::RefusalReport> reports_of(std::span<const Endpoint> endpoints) {
  std::vector<control::RefusalReport> reports;
  for (const auto& [address, transport, port] : endpoints)
    reports.push_back({address.text(), std::string(text(transport)), port, 0});
  return reports;
}

Result<void> all_are(std::string_view state, const std::vector<control::TargetOutcome>& targets) {
  for (const auto& target : targets) {
    if (target.state != state)
      return fail(target.target + ": " + target.state + " " + target.message);
  }
  return {};
}

Clocks read_clocks() {
  const systemd::SystemClock clock;
  return {clock.now(), clock.wall()};
}

}  // namespace

// With the guard any address will do, so those count that programs there really ask; without it
// only the pinned ones are open.
std::optional<control::ProofReply> AskedDaemon::proof() {
  auto reply = keep(ctl::ask<control::ProofReply>(context_, control::ProofRequest{}));
  if (!reply) return reply;
  if (policy_digest_.empty()) policy_digest_ = digest_of(*reply);
  if (is_guarded(*reply) && !place_.resolvers.empty()) reply->resolvers = place_.resolvers;
  return reply;
}

std::optional<control::RefusalsReply> AskedDaemon::refusals() {
  return keep(ctl::ask<control::RefusalsReply>(context_, control::RefusalsRequest{}));
}

void AskedDaemon::announce(const std::vector<Endpoint>& refused,
                           const std::vector<Endpoint>& allowed) {
  control::AnnounceRequest request{reports_of(refused), {}};
  auto left = std::span(allowed);
  do {
    const auto part = left.first(std::min(left.size(), limits::kProbedOfOthers));
    left = left.subspan(part.size());
    request.allowed = reports_of(part);
    (void)call<control::AnnounceReply>(context_.socket, request);
    request.endpoints.clear();
  } while (!left.empty());
}

std::optional<control::DnsReply> AskedDaemon::dns() {
  return keep(ctl::ask<control::DnsReply>(context_, control::DnsRequest{}));
}

std::optional<Health> AskedDaemon::health() {
  const Clocks before = read_clocks();
  auto reply = keep(ctl::ask<control::HealthReply>(context_, control::HealthRequest{}));
  if (!reply) return std::nullopt;
  return Health{before, std::move(*reply), read_clocks()};
}

std::optional<std::vector<Passage>> AskedDaemon::passages() {
  const auto status = keep(ctl::ask<control::StatusReply>(context_, control::StatusRequest{}));
  if (!status) return std::nullopt;
  const doctor::Forwarding forwarding = doctor::read_forwarding("/", doctor::read_links());
  std::vector<Passage> passages;
  for (auto& open : doctor::open_passages(forwarding, *status))
    if (open.is_up) passages.push_back({std::move(open.link), open.what, open.remedy});
  return passages;
}

Attempt AskedDaemon::attempt() {
  return place::attempt_change(context_.socket, place_.user);
}

Result<void> AskedDaemon::grant(const std::vector<std::string>& targets) {
  control::AllowRequest request;
  request.targets = targets;
  request.for_s = kGrantSeconds;
  request.reason = "egressctl verify, to be revoked at once";
  const auto reply = call<control::AllowReply>(context_.socket, request);
  return reply ? all_are("open", reply->targets) : tl::unexpected(reply.error());
}

Result<void> AskedDaemon::revoke(const std::vector<std::string>& targets) {
  const auto reply =
      call<control::DenyReply>(context_.socket, control::DenyRequest{.targets = targets});
  return reply ? all_are("revoked", reply->targets) : tl::unexpected(reply.error());
}

}  // namespace egress::verify
