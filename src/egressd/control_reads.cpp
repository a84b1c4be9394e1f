// The requests that change nothing: made in a process of their own, see Reporter.
#include <unistd.h>

#include <algorithm>

#include "egress/core/time_text.hpp"
#include "egressd/control_service.hpp"
#include "egressd/hosts_names.hpp"
#include "egressd/live_sessions.hpp"
#include "egressd/reports.hpp"
#include "egressd/version.hpp"

namespace egress::daemon {
namespace {

using control::Reply;

constexpr std::size_t kRefusalsInStatus = 10;

// The kernel's own count of what is left of an element stands still while the host is suspended;
// egressd's does not, and takes it out in time.
milliseconds tolerance_of(const Clock& clock) {
  constexpr seconds kRounding{2};
  const auto awake = std::chrono::ceil<milliseconds>(clock.stopwatch());
  return kRounding + std::max(milliseconds{0}, clock.now().time_since_epoch() - awake);
}

}  // namespace

std::optional<Reply> ControlService::report(const control::Request& request,
                                            TableChanges::Mark since) {
  since_ = since;
  is_outdated_ = false;
  const auto make = [this](const auto& concrete) -> Reply {
    if constexpr (std::is_same_v<std::decay_t<decltype(concrete)>, control::AllowRequest>)
      return control::Refused{"invalid", "a change is no report"};
    else
      return carry_out(concrete, control::Peer());
  };
  Reply reply = std::visit(make, request);
  if (is_outdated_) return std::nullopt;
  return reply;
}

// What deviates, while the daemon made the table anew, says nothing.
Result<nft::Snapshot> ControlService::read_kernel(const nft::Listing& listing) {
  auto live = read_tables(listing);
  const bool is_as_desired = live && live->deviations.empty();
  if (!is_as_desired && !changes_.since(since_)) is_outdated_ = true;
  return live;
}

Result<nft::Snapshot> ControlService::read_tables(const nft::Listing& listing) {
  const engine::Inputs& inputs = engine().inputs();
  auto live = enforcer_.kernel().read(engine::compile_base(inputs), listing);
  if (!live || !inputs.capabilities.filters_frames) return live;
  const auto frames = enforcer_.kernel().read_frames(engine::compile_frames(inputs));
  if (!frames) return tl::unexpected(frames.error());
  live->refused_frames = frames->refused;
  std::ranges::copy(frames->deviations, std::back_inserter(live->deviations));
  return live;
}

Result<Reading> ControlService::read_all() {
  Reading reading{.live = {},
                  .begun = now(),
                  .ended = {},
                  .tolerance = tolerance_of(enforcer_.clock()),
                  .changed = {},
                  .holds = [this](const nft::ElementKey& key) { return is_held(key); }};
  auto live = read_kernel({});
  if (!live) return tl::unexpected(live.error());
  reading.live = std::move(*live);
  reading.ended = now();
  if (auto changed = changes_.since(since_))
    reading.changed = std::move(*changed);
  else
    is_outdated_ = true;
  return reading;
}

// Or has been taken out by the daemon since it was listed.
bool ControlService::is_held(const nft::ElementKey& key) {
  if (enforcer_.kernel().holds(key)) return true;
  const auto changed = changes_.since(since_);
  if (!changed) is_outdated_ = true;
  return changed && changed->contains(key);
}

// Which addresses are open, the daemon knows; only the kernel knows how often they were used.
Reply ControlService::carry_out(const control::ListRequest&, const control::Peer&) {
  const auto live = read_kernel({.elements = false, .hits = true, .refusals = false});
  if (!live) return control::Refused{"failed", live.error().message};
  control::ListReply reply;
  const auto notes = hosts_notes(engine(), resolvconf::read_hosts(), now());
  for (const policy::AllowEntry& entry : policy().entries) {
    reply.entries.push_back(report_entry(engine(), entry, *live, now()));
    for (const HostsNote& note : notes)
      if (note.entry == &entry) reply.entries.back().hosts.push_back(note.text);
  }
  reply.state = state_text(engine());
  return reply;
}

Reply ControlService::carry_out(const control::StatusRequest&, const control::Peer&) {
  const auto live = read_kernel({.elements = false, .hits = false, .refusals = true});
  control::StatusReply reply;
  const bool is_audit = policy().mode == policy::Mode::audit;
  reply.version = kVersion;
  reply.mode = is_audit ? "audit" : "enforce";
  reply.state = state_text(engine());
  reply.until_s = seconds_left(engine().inputs().posture_until, now());
  if (frame_.trial) reply.unconfirmed_s = seconds_left(frame_.trial->until, now());
  if (!live || !live->is_present)
    reply.state = "not enforcing: " + (live ? "the table is gone" : live.error().message);
  reply.dns = is_guarded() ? "guard" : "poll";
  const bool is_nxdomain = policy().dns.refuse_with == policy::RefuseWith::nxdomain;
  reply.refuse_with = is_nxdomain ? "nxdomain" : "refused";
  for (const policy::ResolverAddress& resolver : engine().inputs().resolvers.otherwise)
    reply.resolvers.push_back(resolver.text());
  reply.zones = report_zones(engine().inputs().resolvers);
  reply.resolver_source = frame_.resolver_source;
  reply.policy_file = store_.paths().config.string();
  reply.policy_source = source_text(frame_.policy_source);
  reply.policy_problem = frame_.policy_problem;
  reply.uptime_s = std::chrono::floor<seconds>(now() - frame_.started).count();
  reply.entries = policy().entries.size();
  reply.names = engine().names().names().size();
  reply.learnt = engine().names().learnt_count();
  reply.addresses = engine().names().address_count();
  reply.elements = engine().installed() != nullptr ? engine().installed()->elements.size() : 0;
  for (const policy::AllowEntry& entry : policy().entries) {
    if (engine().standing(entry, now()).state != engine::Standing::State::failing) continue;
    ++reply.names_failing;
    if (!entry.is_optional) reply.failing.push_back(entry.target());
  }
  const nft::HeldLinks& held = engine().inputs().held;
  reply.forward = held.names();
  reply.uplinks = held.uplinks;
  reply.holds_all = held.released.has_value();
  reply.released = held.released.value_or(std::vector<std::string>());
  reply.outward = held.outward;
  reply.wires = held.wires;
  reply.inbound = policy().inbound ? policy().inbound->texts() : std::vector<std::string>{"any"};
  if (policy().metadata_at_boot)
    reply.metadata_s = engine::opens_metadata(engine().inputs(), now())
                           ? seconds_left(engine::kMetadataCloses, now())
                           : 0;
  reply.proxies = policy::proxies_in(policy().entries);
  reply.tunnels = policy::tunnels_in(policy().entries);
  reply.missing_features = missing_features(enforcer_.kernel().capabilities());
  reply.warnings = frame_.warnings;
  reply.commits = enforcer_.tally().commits;
  reply.failed_commits = enforcer_.tally().failed_commits;
  reply.last_commit_us = enforcer_.tally().last_commit.count();
  report_frames(engine(), reply);
  reply.protection = enforcer_.kernel().capabilities().owns ? "owned" : "watched";
  reply.tamperings = frame_.drift.count;
  reply.last_tampering = frame_.drift.last;
  reply.last_repair_us = frame_.drift.undone_in.count();
  if (const auto flows = enforcer_.kernel().count_flows()) {
    reply.tracked_flows = flows->tracked;
    reply.most_flows = flows->most;
  }
  reply.unheard = report_unheard(enforcer_.kernel());
  reply.hosts = texts(hosts_notes(engine(), resolvconf::read_hosts(), now()));
  if (!live) return reply;
  reply.crowded_packets = live->crowded_packets;
  reply.refused_packets = live->refused_packets;
  reply.foreign_packets = live->foreign_packets;
  reply.refused_frames = live->refused_frames;
  reply.refusals = report_refusals(*live, kRefusalsInStatus);
  reply.deviations = live->deviations;
  return reply;
}

Reply ControlService::carry_out(const control::WhyRequest& request, const control::Peer&) {
  if (auto local = explain_local(request)) return *std::move(local);
  Reply reply = explain(request);
  auto* why = std::get_if<control::WhyReply>(&reply);
  if (why == nullptr || engine().inputs().posture != engine::Posture::panic) return reply;
  why->allowed = false;
  why->facts.insert(why->facts.begin(), "PANIC: nothing but loopback passes (egressctl resume)");
  return reply;
}

// This host itself, which nothing closes.
std::optional<control::WhyReply> ControlService::explain_local(
    const control::WhyRequest& request) const {
  const auto address = IpAddress::parse(request.target);
  bool is_local = address && is_this_host(engine(), *address);
  const auto target = store_.parse_target(request.target);
  const auto* destination = target ? std::get_if<policy::Destination>(&target->what) : nullptr;
  if (destination != nullptr && !address) {
    const auto* prefix = std::get_if<Prefix>(destination);
    const auto* name = std::get_if<DnsName>(destination);
    is_local =
        (prefix != nullptr && prefix->is_single() && is_this_host(engine(), prefix->first())) ||
        (name != nullptr && is_this_host(engine(), *name, resolvconf::read_hosts({*name})));
  }
  if (!is_local) return std::nullopt;
  control::WhyReply reply;
  reply.allowed = true;
  reply.summary = request.target + " is allowed: it is this host itself, which is always open";
  return reply;
}

Reply ControlService::explain(const control::WhyRequest& request) const {
  if (const auto address = IpAddress::parse(request.target))
    return with_guest(explain_address(engine(), *address, now()), *address);
  const auto target = store_.parse_target(request.target);
  if (!target) return control::Refused{"invalid", target.error().message};
  const auto* destination = std::get_if<policy::Destination>(&target->what);
  if (destination == nullptr)
    return control::Refused{"invalid", "why takes a host or an address, not a preset"};
  const Port port = target->ports.front().first;
  if (const auto* name = std::get_if<DnsName>(destination)) {
    control::WhyReply reply = explain_name(engine(), *name, target->transport, port, now());
    judge_by_hosts(engine(), resolvconf::read_hosts({*name}), *name, target->transport, port, now(),
                   reply);
    if (!reply.allowed && reply.entries.empty())
      add_holders(*name, target->transport, port, store_.catalogue(), reply);
    return reply;
  }
  if (std::holds_alternative<policy::Wildcard>(*destination))
    return control::Refused{"invalid",
                            "why takes one host, not a wildcard; egressctl list shows those"};
  const auto& prefix = std::get<Prefix>(*destination);
  return with_guest(
      explain_endpoint(engine(), {prefix.first(), over(target->transport, prefix.family()), port},
                       now()),
      prefix.first());
}

Reply ControlService::with_guest(control::WhyReply reply, const IpAddress& address) const {
  if (const auto networks = networks_now()) add_guest(engine(), *networks, address, reply);
  return reply;
}

Reply ControlService::carry_out(const control::DiffRequest&, const control::Peer&) {
  const auto reading = read_all();
  if (!reading) return control::Refused{"failed", reading.error().message};
  return report_diff(engine(), *reading);
}

Reply ControlService::carry_out(const control::RefusalsRequest&, const control::Peer&) {
  const auto live = read_kernel({.elements = false, .hits = false, .refusals = true});
  if (!live) return control::Refused{"failed", live.error().message};
  return control::RefusalsReply{live->refused_packets, report_all_refusals(*live),
                                live->foreign_packets};
}

Reply ControlService::carry_out(const control::ProofRequest&, const control::Peer&) {
  const auto reading = read_all();
  if (!reading) return control::Refused{"failed", reading.error().message};
  return report_proof(engine(), *reading);
}

Reply ControlService::carry_out(const control::DnsRequest&, const control::Peer&) {
  control::DnsReply reply = report_dns(dns_ != nullptr ? dns_->journal() : guard::Journal(), now());
  reply.mode = is_guarded() ? "guard" : "poll";
  reply.waiting = dns_ != nullptr ? dns_->waiting() : 0;
  reply.names = engine().names().names().size();
  reply.learnt = engine().names().learnt_count();
  return reply;
}

Reply ControlService::carry_out(const control::HealthRequest&, const control::Peer&) {
  const auto others = enforcer_.kernel().other_tables();
  return control::HealthReply{
      .pid = pid_,
      .uid = static_cast<std::int64_t>(geteuid()),
      .boottime_ms = now().time_since_epoch().count(),
      .wall = print_wall_time(enforcer_.clock().wall()),
      .capabilities = report_capabilities(enforcer_.kernel().capabilities()),
      .resolvers = hooks_.resolvers(),
      .other_tables = report_others(others.value_or(std::vector<nft::OtherTable>())),
      .unread = others ? "" : others.error().message,
      .unheard = report_unheard(enforcer_.kernel()),
      .hosts = texts(hosts_notes(engine(), resolvconf::read_hosts(), now()))};
}

}  // namespace egress::daemon
