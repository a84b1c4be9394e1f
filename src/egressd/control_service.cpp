#include "egressd/control_service.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "control/codec.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egressd/additions.hpp"
#include "egressd/hosts_names.hpp"
#include "egressd/log.hpp"
#include "egressd/policy_in_force.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {
namespace {

using control::Reply;

control::Refused invalid(std::string message) {
  return {"invalid", std::move(message)};
}

std::string mend(const policy::Problem& problem) {
  return problem.text() +
         "; what egressctl allow added stays as it was: mend that file, then egressctl reload";
}

// What was asked for has no place in a file.
std::string join(const policy::Problems& problems) {
  std::string joined;
  for (const policy::Problem& problem : problems)
    joined +=
        (joined.empty() ? "" : "\n") + (problem.place.line == 0 ? problem.message : problem.text());
  return joined;
}

std::string join(const std::vector<std::string>& items) {
  std::string joined;
  for (const std::string& item : items) joined += (joined.empty() ? "" : ",") + item;
  return joined;
}

// "pypi: PIP_RETRIES=0 ..."
std::vector<std::string> notes_of(const std::vector<std::string>& targets,
                                  const policy::Catalogue& catalogue) {
  constexpr std::string_view kPreset = "preset:";
  std::set<std::string> names;
  for (const std::string& target : targets)
    if (target.starts_with(kPreset))
      names.insert(target.substr(kPreset.size(), target.find('@') - kPreset.size()));
  std::vector<std::string> notes;
  for (const std::string& name : names)
    if (const auto preset = catalogue.find(name); preset != catalogue.end())
      for (const std::string& note : preset->second.notes) notes.push_back(name + ": " + note);
  return notes;
}

}  // namespace

ControlService::ControlService(Enforcer& enforcer, const DnsService* dns, PolicyStore& store,
                               const Frame& frame, const TableChanges& changes, Hooks hooks)
    : enforcer_(enforcer),
      dns_(dns),
      store_(store),
      frame_(frame),
      hooks_(std::move(hooks)),
      changes_(changes),
      pid_(getpid()) {}

void ControlService::handle(control::ClientId client, const control::Request& request,
                            const control::Peer& peer) {
  // What is announced changes no policy, but the table.
  const bool changes =
      control::changes_policy(request) || std::holds_alternative<control::AnnounceRequest>(request);
  if (!changes) return hooks_.read(client, request, peer);
  std::visit(
      [&](const auto& concrete) {
        if constexpr (std::is_same_v<std::decay_t<decltype(concrete)>, control::AllowRequest>)
          allow(client, concrete, peer);
        else
          hooks_.reply(client, carry_out(concrete, peer));
      },
      request);
}

void ControlService::allow(control::ClientId client, const control::AllowRequest& request,
                           const control::Peer& peer) {
  const Instant since = now();
  const std::chrono::microseconds arrived = enforcer_.clock().stopwatch();
  std::vector<std::string> targets;
  for (const std::string& written : request.targets) {
    const auto target = store_.parse_target(written);
    if (!target) return hooks_.reply(client, invalid(target.error().message));
    std::ranges::copy(split(*target), std::back_inserter(targets));
  }
  const WallTime wall = enforcer_.clock().wall();
  const policy::Addition pattern{"", options_of(request, wall), peer.text(), wall};
  LoadedPolicy next =
      store_.with_additions(with(store_.additions(), targets, pattern), wall, targets);
  if (!next) return hooks_.reply(client, invalid(join(next.error())));

  Wait wait{.client = client,
            .since = since,
            .arrived = arrived,
            .kernel_before = enforcer_.tally().in_kernel,
            .notes = notes_of(targets, store_.catalogue())};
  control::AllowReply preview;
  preview.notes = wait.notes;
  for (const policy::AllowEntry* entry : stemming_from(next->policy.entries, targets)) {
    wait.targets.push_back(entry->target());
    preview.targets.push_back({wait.targets.back(), "would allow", "", report_risk(*entry), {}});
  }
  if (request.dry_run) {
    add_hosts_notes(stemming_from(next->policy.entries, targets), preview.notes);
    return hooks_.reply(client, preview);
  }
  std::ranges::copy_if(wait.targets, std::back_inserter(wait.already),
                       [this](const auto& target) { return policy().entries.find(target); });

  if (const auto kept = store_.keep_additions(std::move(next->additions)); !kept)
    return hooks_.reply(client, control::Refused{"failed", kept.error().message});
  Fields fields{{"targets", join(targets)}, {"by", peer.text()}};
  if (!request.reason.empty()) fields.emplace_back("reason", request.reason);
  log(Level::info, "allow", fields);
  hooks_.adopt(std::move(next->policy));
  waits_.push_back(std::move(wait));
  settle();
}

void ControlService::settle() {
  std::erase_if(waits_, [&](const Wait& wait) {
    if (!is_through(wait) && now() < wait.since + limits::kAllowWait) return false;
    hooks_.reply(wait.client, conclude(wait));
    return true;
  });
}

Instant ControlService::next_deadline() const {
  return waits_.empty() ? kNever : waits_.front().since + limits::kAllowWait;
}

// Both families of every name have been answered and what they open is in the kernel.
bool ControlService::is_through(const Wait& wait) const {
  if (!engine().is_settled()) return false;
  return std::ranges::all_of(wait.targets, [this](const std::string& target) {
    const policy::AllowEntry* entry = policy().entries.find(target);
    if (entry == nullptr || entry->name() == nullptr) return true;
    const dns::NameState* state = engine().names().find(*entry->name());
    return state == nullptr || state->is_settled();
  });
}

control::AllowReply ControlService::conclude(const Wait& wait) const {
  control::AllowReply reply;
  for (const std::string& target : wait.targets) {
    const policy::AllowEntry* entry = policy().entries.find(target);
    if (entry == nullptr) continue;  // revoked meanwhile
    control::TargetOutcome result = outcome(*entry);
    if (result.state == "open" &&
        std::ranges::find(wait.already, result.target) != wait.already.end())
      result.state = "already";
    reply.targets.push_back(std::move(result));
  }
  reply.notes = wait.notes;
  std::vector<const policy::AllowEntry*> entries;
  for (const std::string& target : wait.targets)
    if (const policy::AllowEntry* entry = policy().entries.find(target)) entries.push_back(entry);
  add_hosts_notes(entries, reply.notes);
  reply.total_us = (enforcer_.clock().stopwatch() - wait.arrived).count();
  reply.kernel_us = (enforcer_.tally().in_kernel - wait.kernel_before).count();
  return reply;
}

void ControlService::add_hosts_notes(const std::vector<const policy::AllowEntry*>& entries,
                                     std::vector<std::string>& notes) const {
  std::vector<const policy::AllowEntry*> wildcards;
  std::set<DnsName> names;
  for (const policy::AllowEntry* entry : entries) {
    if (entry->name() != nullptr) names.insert(*entry->name());
    if (entry->wildcard() != nullptr) wildcards.push_back(entry);
  }
  if (names.empty() && wildcards.empty()) return;
  const resolvconf::HostNames hosts = resolvconf::read_hosts([&](const DnsName& name) {
    return names.contains(name) || std::ranges::any_of(wildcards, [&](const auto* entry) {
             return entry->wildcard()->covers(name);
           });
  });
  std::ranges::copy(texts(hosts_notes(engine(), hosts, entries, now())), std::back_inserter(notes));
}

control::TargetOutcome ControlService::outcome(const policy::AllowEntry& entry) const {
  const engine::Standing standing = engine().standing(entry, now());
  const bool is_open = standing.state == engine::Standing::State::open ||
                       standing.state == engine::Standing::State::stale;
  control::TargetOutcome outcome{entry.target(), "open", "", report_risk(entry), {}};
  for (const auto& [address, end] : standing.addresses) outcome.addresses.push_back(address.text());
  if (is_open) return outcome;
  outcome.state = entry.is_optional ? "unresolved" : "failed";
  outcome.message = standing.error.empty() ? "no answer yet from the resolvers" : standing.error;
  outcome.message += "; the entry is kept and retried (egressctl why " + entry.target() + ")";
  return outcome;
}

Reply ControlService::carry_out(const control::DenyRequest& request, const control::Peer& peer) {
  if (store_.additions_problem())
    return control::Refused{"failed", mend(*store_.additions_problem())};
  std::vector<policy::Addition> additions = store_.additions();
  control::DenyReply reply;
  std::vector<std::string> revoked;
  for (const std::string& written : request.targets) {
    const auto target = store_.parse_target(written);
    if (!target) return invalid(target.error().message);
    for (const std::string& part : split(*target)) {
      const auto is_it = [&](const policy::Addition& addition) { return addition.target == part; };
      if (std::erase_if(additions, is_it) == 0) {
        reply.targets.push_back(refuse_to_deny(part));
        continue;
      }
      revoked.push_back(part);
      reply.targets.push_back({part, request.dry_run ? "would revoke" : "revoked", "", {}, {}});
    }
  }
  if (request.dry_run || revoked.empty()) return reply;
  LoadedPolicy next = store_.with_additions(additions, enforcer_.clock().wall());
  if (!next) return invalid(join(next.error()));
  if (const auto kept = store_.keep_additions(std::move(next->additions)); !kept)
    return control::Refused{"failed", kept.error().message};
  log(Level::info, "deny", {{"targets", join(revoked)}, {"by", peer.text()}});
  const std::uint64_t cut_before = enforcer_.tally().cut_flows;
  hooks_.adopt(std::move(next->policy));
  if (!engine().is_settled())
    return control::Refused{
        "failed", "the kernel has not taken the change yet; egressd retries (egressctl status)"};
  reply.cut_flows = enforcer_.tally().cut_flows - cut_before;
  for (control::TargetOutcome& outcome : reply.targets)
    if (outcome.state == "revoked" && !stemming_from(policy().entries, {outcome.target}).empty())
      outcome.message = "still allowed by a policy file: see egressctl why " + outcome.target;
  return reply;
}

// Only additions can be denied; whatever else allows the target has to be changed where it stands.
control::TargetOutcome ControlService::refuse_to_deny(const std::string& target) const {
  control::TargetOutcome outcome{target, "refused", "", {}, {}};
  for (const policy::AllowEntry* entry : stemming_from(policy().entries, {target})) {
    const policy::Origin& origin = entry->origin;
    if (origin.kind == policy::Origin::Kind::operator_added)
      outcome.message = "it is part of preset:" + origin.preset +
                        ", which was added as a whole; egressctl deny preset:" + origin.preset;
    else
      outcome.message =
          "it comes from " + origin.text() + "; edit that file, then egressctl reload";
    return outcome;
  }
  outcome.message = "no entry allows it (egressctl list shows all)";
  return outcome;
}

Reply ControlService::carry_out(const control::ReloadRequest&, const control::Peer& peer) {
  if (frame_.trial) return control::Refused{"busy", waits_to_be_confirmed(*frame_.trial, now())};
  const auto before = engine().inputs().policy;
  log(Level::info, "reload", {{"by", peer.text()}});
  control::ReloadReply reply;
  reply.problems = texts(hooks_.reload());
  if (reply.problems.empty()) reply.warnings = frame_.warnings;
  reply.added = count_missing(policy().entries, before->entries);
  reply.removed = count_missing(before->entries, policy().entries);
  reply.settings = report_changes(*before, policy());
  reply.changed = reply.added + reply.removed + reply.settings.size() > 0;
  return reply;
}

}  // namespace egress::daemon
