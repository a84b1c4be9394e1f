// The members of every message as they stand in the JSON: one table that encodes, decodes and names
// them.
#pragma once

#include <string_view>
#include <tuple>

#include "control/messages.hpp"

namespace egress::control {

template <class M, class T>
struct Field {
  std::string_view name;
  T M::*member;
  bool is_required = false;  // otherwise an absent member keeps its default
};

template <class M, class T>
constexpr Field<M, T> field(std::string_view name, T M::*member) {
  return {name, member, false};
}
template <class M, class T>
constexpr Field<M, T> required(std::string_view name, T M::*member) {
  return {name, member, true};
}

// The value of "command" in a request and of "reply" in a reply.
template <class M>
constexpr std::string_view kKind = "";
template <class M>
constexpr std::tuple<> kFields{};

// ---- requests ----------------------------------------------------------------------------------

template <>
inline constexpr std::string_view kKind<AllowRequest> = "allow";
template <>
inline constexpr auto kFields<AllowRequest> = std::tuple{
    required("targets", &AllowRequest::targets), field("for_s", &AllowRequest::for_s),
    field("optional", &AllowRequest::optional),  field("private", &AllowRequest::private_answers),
    field("metadata", &AllowRequest::metadata),  field("dry_run", &AllowRequest::dry_run),
    field("reason", &AllowRequest::reason),      field("wide", &AllowRequest::wide),
    field("except", &AllowRequest::except),      field("srv", &AllowRequest::srv)};

template <>
inline constexpr std::string_view kKind<DenyRequest> = "deny";
template <>
inline constexpr auto kFields<DenyRequest> =
    std::tuple{required("targets", &DenyRequest::targets), field("dry_run", &DenyRequest::dry_run)};

template <>
inline constexpr std::string_view kKind<ListRequest> = "list";
template <>
inline constexpr std::string_view kKind<StatusRequest> = "status";
template <>
inline constexpr std::string_view kKind<WhyRequest> = "why";
template <>
inline constexpr auto kFields<WhyRequest> = std::tuple{required("target", &WhyRequest::target)};
template <>
inline constexpr std::string_view kKind<DiffRequest> = "diff";
template <>
inline constexpr std::string_view kKind<ReloadRequest> = "reload";
template <>
inline constexpr std::string_view kKind<RefusalsRequest> = "refusals";
template <>
inline constexpr std::string_view kKind<ProofRequest> = "proof";
template <>
inline constexpr std::string_view kKind<DnsRequest> = "dns";
template <>
inline constexpr std::string_view kKind<OpenRequest> = "open";
template <>
inline constexpr auto kFields<OpenRequest> = std::tuple{field("for_s", &OpenRequest::for_s)};
template <>
inline constexpr std::string_view kKind<PanicRequest> = "panic";
template <>
inline constexpr auto kFields<PanicRequest> = std::tuple{field("for_s", &PanicRequest::for_s)};
template <>
inline constexpr std::string_view kKind<ResumeRequest> = "resume";
template <>
inline constexpr std::string_view kKind<ApplyRequest> = "apply";
template <>
inline constexpr auto kFields<ApplyRequest> =
    std::tuple{required("text", &ApplyRequest::text), field("source", &ApplyRequest::source),
               field("confirm_s", &ApplyRequest::confirm_s)};
template <>
inline constexpr std::string_view kKind<ConfirmRequest> = "confirm";
template <>
inline constexpr auto kFields<ConfirmRequest> =
    std::tuple{field("written", &ConfirmRequest::is_written)};
template <>
inline constexpr std::string_view kKind<HealthRequest> = "health";

template <>
inline constexpr auto kFields<RefusalReport> = std::tuple{
    required("address", &RefusalReport::address), required("transport", &RefusalReport::transport),
    required("port", &RefusalReport::port), required("packets", &RefusalReport::packets)};

template <>
inline constexpr std::string_view kKind<AnnounceRequest> = "announce";
template <>
inline constexpr auto kFields<AnnounceRequest> =
    std::tuple{required("endpoints", &AnnounceRequest::endpoints),
               field("allowed", &AnnounceRequest::allowed)};

// ---- replies -----------------------------------------------------------------------------------

template <>
inline constexpr auto kFields<AddressReport> =
    std::tuple{required("address", &AddressReport::address),
               field("expires_s", &AddressReport::expires_s), field("hits", &AddressReport::hits)};

template <>
inline constexpr auto kFields<RiskReport> =
    std::tuple{required("kind", &RiskReport::kind), required("why", &RiskReport::why)};

template <>
inline constexpr auto kFields<EntryReport> = std::tuple{required("target", &EntryReport::target),
                                                        required("state", &EntryReport::state),
                                                        field("origin", &EntryReport::origin),
                                                        field("added_by", &EntryReport::added_by),
                                                        field("optional", &EntryReport::optional),
                                                        field("except", &EntryReport::except),
                                                        field("srv", &EntryReport::srv),
                                                        field("reason", &EntryReport::reason),
                                                        field("risk", &EntryReport::risk),
                                                        field("hosts", &EntryReport::hosts),
                                                        field("error", &EntryReport::error),
                                                        field("until_s", &EntryReport::until_s),
                                                        field("addresses", &EntryReport::addresses),
                                                        field("hits", &EntryReport::hits)};

template <>
inline constexpr auto kFields<TargetOutcome> =
    std::tuple{required("target", &TargetOutcome::target), required("state", &TargetOutcome::state),
               field("message", &TargetOutcome::message), field("risk", &TargetOutcome::risk),
               field("addresses", &TargetOutcome::addresses)};

template <>
inline constexpr std::string_view kKind<AllowReply> = "allow";
template <>
inline constexpr auto kFields<AllowReply> =
    std::tuple{required("targets", &AllowReply::targets), field("total_us", &AllowReply::total_us),
               field("kernel_us", &AllowReply::kernel_us), field("notes", &AllowReply::notes)};

template <>
inline constexpr std::string_view kKind<DenyReply> = "deny";
template <>
inline constexpr auto kFields<DenyReply> =
    std::tuple{required("targets", &DenyReply::targets), field("cut_flows", &DenyReply::cut_flows)};

template <>
inline constexpr std::string_view kKind<ListReply> = "list";
template <>
inline constexpr auto kFields<ListReply> =
    std::tuple{required("entries", &ListReply::entries), field("state", &ListReply::state)};

template <>
inline constexpr auto kFields<UnheardReport> =
    std::tuple{required("link", &UnheardReport::link), field("by", &UnheardReport::by),
               field("command", &UnheardReport::command)};

template <>
inline constexpr auto kFields<ZoneReport> =
    std::tuple{required("zone", &ZoneReport::zone), required("resolvers", &ZoneReport::resolvers)};

template <>
inline constexpr std::string_view kKind<StatusReply> = "status";
template <>
inline constexpr auto kFields<StatusReply> =
    std::tuple{required("version", &StatusReply::version),
               required("mode", &StatusReply::mode),
               required("state", &StatusReply::state),
               field("dns", &StatusReply::dns),
               field("refuse_with", &StatusReply::refuse_with),
               field("resolvers", &StatusReply::resolvers),
               field("zones", &StatusReply::zones),
               field("resolver_source", &StatusReply::resolver_source),
               field("policy_file", &StatusReply::policy_file),
               field("policy_source", &StatusReply::policy_source),
               field("policy_problem", &StatusReply::policy_problem),
               field("uptime_s", &StatusReply::uptime_s),
               field("entries", &StatusReply::entries),
               field("names", &StatusReply::names),
               field("learnt", &StatusReply::learnt),
               field("addresses", &StatusReply::addresses),
               field("elements", &StatusReply::elements),
               field("names_failing", &StatusReply::names_failing),
               field("failing", &StatusReply::failing),
               field("forward", &StatusReply::forward),
               field("uplinks", &StatusReply::uplinks),
               field("holds_all", &StatusReply::holds_all),
               field("released", &StatusReply::released),
               field("outward", &StatusReply::outward),
               field("wires", &StatusReply::wires),
               field("inbound", &StatusReply::inbound),
               field("metadata_s", &StatusReply::metadata_s),
               field("missing_features", &StatusReply::missing_features),
               field("warnings", &StatusReply::warnings),
               field("commits", &StatusReply::commits),
               field("failed_commits", &StatusReply::failed_commits),
               field("last_commit_us", &StatusReply::last_commit_us),
               field("held_links", &StatusReply::held_links),
               field("unheld_links", &StatusReply::unheld_links),
               field("refused_frames", &StatusReply::refused_frames),
               field("protection", &StatusReply::protection),
               field("tamperings", &StatusReply::tamperings),
               field("last_tampering", &StatusReply::last_tampering),
               field("last_repair_us", &StatusReply::last_repair_us),
               field("refused_packets", &StatusReply::refused_packets),
               field("foreign_packets", &StatusReply::foreign_packets),
               field("crowded_packets", &StatusReply::crowded_packets),
               field("tracked_flows", &StatusReply::tracked_flows),
               field("most_flows", &StatusReply::most_flows),
               field("refusals", &StatusReply::refusals),
               field("proxies", &StatusReply::proxies),
               field("tunnels", &StatusReply::tunnels),
               field("unheard", &StatusReply::unheard),
               field("hosts", &StatusReply::hosts),
               field("deviations", &StatusReply::deviations),
               field("until_s", &StatusReply::until_s),
               field("unconfirmed_s", &StatusReply::unconfirmed_s)};

template <>
inline constexpr std::string_view kKind<WhyReply> = "why";
template <>
inline constexpr auto kFields<WhyReply> =
    std::tuple{required("allowed", &WhyReply::allowed), required("summary", &WhyReply::summary),
               field("facts", &WhyReply::facts), field("entries", &WhyReply::entries)};

template <>
inline constexpr std::string_view kKind<DiffReply> = "diff";
template <>
inline constexpr auto kFields<DiffReply> = std::tuple{
    required("deviations", &DiffReply::deviations), required("missing", &DiffReply::missing),
    required("unexpected", &DiffReply::unexpected), field("misdated", &DiffReply::misdated)};

template <>
inline constexpr auto kFields<SettingReport> = std::tuple{
    required("setting", &SettingReport::setting), required("before", &SettingReport::before),
    required("after", &SettingReport::after)};
template <>
inline constexpr std::string_view kKind<ReloadReply> = "reload";
template <>
inline constexpr auto kFields<ReloadReply> = std::tuple{
    field("added", &ReloadReply::added),          field("removed", &ReloadReply::removed),
    required("problems", &ReloadReply::problems), field("changed", &ReloadReply::changed),
    field("settings", &ReloadReply::settings),    field("warnings", &ReloadReply::warnings)};

template <>
inline constexpr std::string_view kKind<AnnounceReply> = "announce";
template <>
inline constexpr auto kFields<AnnounceReply> =
    std::tuple{required("endpoints", &AnnounceReply::endpoints)};

template <>
inline constexpr std::string_view kKind<RefusalsReply> = "refusals";
template <>
inline constexpr auto kFields<RefusalsReply> =
    std::tuple{required("refused_packets", &RefusalsReply::refused_packets),
               required("refusals", &RefusalsReply::refusals),
               field("foreign_packets", &RefusalsReply::foreign_packets)};

template <>
inline constexpr auto kFields<ProvableAddress> =
    std::tuple{required("address", &ProvableAddress::address),
               field("element", &ProvableAddress::element), field("hits", &ProvableAddress::hits)};
template <>
inline constexpr auto kFields<ProvableEndpoint> =
    std::tuple{required("target", &ProvableEndpoint::target),
               field("host", &ProvableEndpoint::host),
               required("transport", &ProvableEndpoint::transport),
               required("port", &ProvableEndpoint::port),
               field("optional", &ProvableEndpoint::optional),
               field("addresses", &ProvableEndpoint::addresses),
               field("private", &ProvableEndpoint::private_answers),
               field("metadata", &ProvableEndpoint::metadata),
               field("srv", &ProvableEndpoint::srv)};

template <>
inline constexpr std::string_view kKind<ProofReply> = "proof";
template <>
inline constexpr auto kFields<ProofReply> =
    std::tuple{required("mode", &ProofReply::mode),
               field("dns", &ProofReply::dns),
               field("refuse_with", &ProofReply::refuse_with),
               field("filtered", &ProofReply::filtered),
               field("resolvers", &ProofReply::resolvers),
               required("endpoints", &ProofReply::endpoints),
               field("inbound", &ProofReply::inbound),
               field("opens_metadata", &ProofReply::opens_metadata),
               required("table", &ProofReply::table)};

template <>
inline constexpr auto kFields<DnsCount> = std::tuple{required("verdict", &DnsCount::verdict),
                                                     required("questions", &DnsCount::questions)};
template <>
inline constexpr auto kFields<DnsLatency> =
    std::tuple{required("stage", &DnsLatency::stage), required("questions", &DnsLatency::questions),
               field("p50_us", &DnsLatency::p50_us), field("p90_us", &DnsLatency::p90_us),
               field("p99_us", &DnsLatency::p99_us)};
template <>
inline constexpr auto kFields<DnsQuestion> =
    std::tuple{required("name", &DnsQuestion::name),  required("type", &DnsQuestion::type),
               field("client", &DnsQuestion::client), field("transport", &DnsQuestion::transport),
               field("user", &DnsQuestion::user),     required("verdict", &DnsQuestion::verdict),
               field("age_s", &DnsQuestion::age_s),   field("took_us", &DnsQuestion::took_us)};
template <>
inline constexpr std::string_view kKind<DnsReply> = "dns";
template <>
inline constexpr auto kFields<DnsReply> =
    std::tuple{required("mode", &DnsReply::mode),     field("waiting", &DnsReply::waiting),
               field("names", &DnsReply::names),      field("learnt", &DnsReply::learnt),
               required("counts", &DnsReply::counts), field("latencies", &DnsReply::latencies),
               field("latest", &DnsReply::latest)};

template <>
inline constexpr std::string_view kKind<PostureReply> = "posture";
template <>
inline constexpr auto kFields<PostureReply> =
    std::tuple{required("before", &PostureReply::before), required("state", &PostureReply::state),
               field("until_s", &PostureReply::until_s), field("warning", &PostureReply::warning)};
template <>
inline constexpr auto kFields<RiskyTarget> =
    std::tuple{required("target", &RiskyTarget::target), required("risk", &RiskyTarget::risk)};
template <>
inline constexpr std::string_view kKind<ApplyReply> = "apply";
template <>
inline constexpr auto kFields<ApplyReply> =
    std::tuple{required("file", &ApplyReply::file),     required("problems", &ApplyReply::problems),
               field("added", &ApplyReply::added),      field("removed", &ApplyReply::removed),
               field("risks", &ApplyReply::risks),      field("reverts_s", &ApplyReply::reverts_s),
               field("changed", &ApplyReply::changed),  field("settings", &ApplyReply::settings),
               field("warnings", &ApplyReply::warnings)};
template <>
inline constexpr std::string_view kKind<ConfirmReply> = "confirm";
template <>
inline constexpr auto kFields<ConfirmReply> =
    std::tuple{required("file", &ConfirmReply::file), field("text", &ConfirmReply::text),
               required("problems", &ConfirmReply::problems)};
template <>
inline constexpr auto kFields<CapabilityReport> = std::tuple{
    required("name", &CapabilityReport::name), required("present", &CapabilityReport::present),
    field("cost", &CapabilityReport::cost)};
template <>
inline constexpr auto kFields<ResolverReport> = std::tuple{
    required("address", &ResolverReport::address), required("answers", &ResolverReport::answers),
    required("failures", &ResolverReport::failures),
    field("failures_since", &ResolverReport::failures_since),
    field("last_failure", &ResolverReport::last_failure)};
template <>
inline constexpr auto kFields<OtherTableReport> = std::tuple{
    required("table", &OtherTableReport::table), field("hooks", &OtherTableReport::hooks),
    required("can_pass_us", &OtherTableReport::can_pass_us), field("why", &OtherTableReport::why)};
template <>
inline constexpr std::string_view kKind<HealthReply> = "health";
template <>
inline constexpr auto kFields<HealthReply> =
    std::tuple{field("pid", &HealthReply::pid),
               field("uid", &HealthReply::uid),
               field("boottime_ms", &HealthReply::boottime_ms),
               field("wall", &HealthReply::wall),
               required("capabilities", &HealthReply::capabilities),
               required("resolvers", &HealthReply::resolvers),
               field("other_tables", &HealthReply::other_tables),
               field("unread", &HealthReply::unread),
               field("unheard", &HealthReply::unheard),
               field("hosts", &HealthReply::hosts)};

template <>
inline constexpr std::string_view kKind<Refused> = "refused";
template <>
inline constexpr auto kFields<Refused> =
    std::tuple{required("code", &Refused::code), required("message", &Refused::message)};

}  // namespace egress::control
