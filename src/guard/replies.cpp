// What the guard says, in each case.
#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/guard/guard.hpp"

namespace egress::guard {
namespace {

constexpr std::string_view kWho = "egressd: ";

std::uint32_t told(seconds ttl) {
  return static_cast<std::uint32_t>(std::max<seconds::rep>(ttl.count(), 0));
}

Rcode rcode_of(dns::Status status) {
  if (status == dns::Status::nxdomain) return Rcode::nxdomain;
  return status == dns::Status::ok || status == dns::Status::nodata ? Rcode::noerror
                                                                    : Rcode::servfail;
}

Verdict verdict_of(const engine::Release& release, bool has_waited) {
  if (rcode_of(release.status) == Rcode::servfail) return Verdict::failed;
  if (release.is_stale) return Verdict::stale;
  return has_waited ? Verdict::asked : Verdict::held;
}

}  // namespace

void Guard::reply_released(const Asking& asking, const engine::Release& release, bool has_waited) {
  if (release.is_filtered && release.addresses.empty() && release.services.empty()) {
    // A name of the allow-list that points inside, which only a rebinding attack or a mistake does.
    const bool is_service = asking.query.type == static_cast<std::uint16_t>(Type::srv);
    return reply_refused(asking, Verdict::filtered,
                         is_service
                             ? "whatever this service leads to is outside of its entry's ports or "
                               "domain"
                             : "every address of this name is one that DNS may not open");
  }
  Reply reply{.rcode = rcode_of(release.status),
              .chain = release.lookup->chain,
              .addresses = release.addresses,
              .first = release.addresses.empty() ? 0 : turn_++ % release.addresses.size(),
              .ttl = told(release.ttl),
              .zone = {},
              .error = {},
              .services = release.services,
              .texts = release.texts,
              .error_text = {}};
  if (dns::is_negative(release.status)) reply.zone = release.lookup->zone;
  if (reply.rcode == Rcode::servfail) {
    reply.chain = {};
    reply.error = ExtendedError::no_reachable_authority;
    reply.error_text = dns::text(release.status);
  } else if (release.is_stale) {
    reply.error = ExtendedError::stale_answer;
  }
  finish(asking, reply, verdict_of(release, has_waited));
}

void Guard::reply_refused(const Asking& asking, Verdict verdict, std::string_view why) {
  const bool is_nxdomain = engine_.inputs().policy->dns.refuse_with == policy::RefuseWith::nxdomain;
  reply_error(
      asking,
      {.rcode = is_nxdomain ? Rcode::nxdomain : Rcode::refused, .error = ExtendedError::blocked},
      verdict, why);
}

void Guard::reply_failed(const Asking& asking, Verdict verdict, std::string_view why) {
  reply_error(asking, {.rcode = Rcode::servfail, .error = ExtendedError::not_ready}, verdict, why);
}

void Guard::reply_error(const Asking& asking, Reply reply, Verdict verdict, std::string_view why) {
  const std::string text = std::string(kWho) + std::string(why);
  reply.error_text = text;
  finish(asking, reply, verdict);
}

// NODATA: no address hints, keys or text beside the sets, and nothing asked of the resolvers.
void Guard::reply_empty(const Asking& asking) {
  finish(asking, Reply{}, Verdict::no_data);
}

void Guard::reply_localhost(const Asking& asking) {
  static const IpAddress v4 = IpAddress::v4({127, 0, 0, 1});
  static const IpAddress v6 = *IpAddress::parse("::1");
  Reply reply;
  reply.ttl = told(limits::kStaleTtl);
  if (asking.query.type == static_cast<std::uint16_t>(Type::a)) reply.addresses = {&v4, 1};
  if (asking.query.type == static_cast<std::uint16_t>(Type::aaaa)) reply.addresses = {&v6, 1};
  finish(asking, reply, Verdict::held);
}

void Guard::finish(const Asking& asking, const Reply& reply, Verdict verdict) {
  const bool is_udp = asking.client.transport == Transport::udp;
  write_reply(asking.query, reply, is_udp ? room_over_udp(asking.query) : kTcpOctets, buffer_);
  outside_.send(asking.client, buffer_);
  journal_.add({.at = now_,
                .name = asking.name,
                .type = asking.query.type,
                .client = asking.client.address,
                .transport = asking.client.transport,
                .user = asking.user,
                .verdict = verdict,
                .took = outside_.stopwatch() - asking.arrived});
}

}  // namespace egress::guard
