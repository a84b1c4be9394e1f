#include "egressd/control_service.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egressd/additions.hpp"
#include "egressd/log.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {
namespace {

using control::Reply;

control::Refused invalid(std::string message) {
  return {"invalid", std::move(message)};
}

std::string join(const policy::Problems& problems) {
  std::string joined;
  for (const policy::Problem& problem : problems)
    joined += (joined.empty() ? "" : "\n") + problem.text();
  return joined;
}

std::string join(const std::vector<std::string>& items) {
  std::string joined;
  for (const std::string& item : items) joined += (joined.empty() ? "" : ",") + item;
  return joined;
}

}  // namespace

ControlService::ControlService(Enforcer& enforcer, PolicyStore& store, const Frame& frame,
                               Hooks hooks)
    : enforcer_(enforcer), store_(store), frame_(frame), hooks_(std::move(hooks)) {}

void ControlService::handle(control::ClientId client, const control::Request& request,
                            const control::Peer& peer) {
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
  std::vector<std::string> targets;
  for (const std::string& written : request.targets) {
    const auto target = store_.parse_target(written);
    if (!target) return hooks_.reply(client, invalid(target.error().message));
    std::ranges::copy(split(*target), std::back_inserter(targets));
  }
  const WallTime wall = enforcer_.clock().wall();
  const policy::Addition pattern{"", options_of(request, wall), peer.text(), wall};
  std::vector<policy::Addition> additions = with(store_.additions(), targets, pattern);
  LoadedPolicy next = store_.with_additions(additions, wall);
  if (!next) return hooks_.reply(client, invalid(join(next.error())));

  Wait wait{.client = client, .since = now(), .kernel_before = enforcer_.tally().in_kernel};
  control::AllowReply preview;
  for (const policy::AllowEntry& entry : next->entries) {
    if (std::ranges::none_of(targets,
                             [&](const std::string& target) { return stems_from(entry, target); }))
      continue;
    wait.targets.push_back(entry.target());
    preview.targets.push_back({entry.target(), "would allow", "", entry.risk, {}});
  }
  if (request.dry_run) return hooks_.reply(client, preview);
  for (const policy::AllowEntry& entry : policy().entries)
    if (std::ranges::find(wait.targets, entry.target()) != wait.targets.end())
      wait.already.push_back(entry.target());

  if (const auto kept = store_.keep_additions(std::move(additions)); !kept)
    return hooks_.reply(client, control::Refused{"failed", kept.error().message});
  log(Level::info, "allow",
      {{"targets", join(targets)}, {"by", peer.text()}, {"reason", request.reason}});
  hooks_.adopt(std::move(*next));
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
  return std::ranges::all_of(policy().entries, [&](const policy::AllowEntry& entry) {
    if (entry.name() == nullptr ||
        std::ranges::find(wait.targets, entry.target()) == wait.targets.end())
      return true;
    const dns::NameState* state = engine().names().find(*entry.name());
    return state == nullptr || state->is_settled();
  });
}

control::AllowReply ControlService::conclude(const Wait& wait) const {
  control::AllowReply reply;
  for (const policy::AllowEntry& entry : policy().entries) {
    if (std::ranges::find(wait.targets, entry.target()) == wait.targets.end()) continue;
    control::TargetOutcome result = outcome(entry);
    if (result.state == "open" &&
        std::ranges::find(wait.already, result.target) != wait.already.end())
      result.state = "already";
    reply.targets.push_back(std::move(result));
  }
  reply.total_us = std::chrono::microseconds(now() - wait.since).count();
  reply.kernel_us = (enforcer_.tally().in_kernel - wait.kernel_before).count();
  return reply;
}

control::TargetOutcome ControlService::outcome(const policy::AllowEntry& entry) const {
  const engine::Standing standing = engine().standing(entry, now());
  const bool is_open = standing.state == engine::Standing::State::open ||
                       standing.state == engine::Standing::State::stale;
  control::TargetOutcome outcome{entry.target(), "open", "", entry.risk, {}};
  for (const auto& [address, end] : standing.addresses) outcome.addresses.push_back(address.text());
  if (is_open) return outcome;
  outcome.state = entry.is_optional ? "unresolved" : "failed";
  outcome.message = standing.error.empty() ? "no answer yet from the resolvers" : standing.error;
  outcome.message += "; the entry is kept and retried (egressctl why " + entry.target() + ")";
  return outcome;
}

Reply ControlService::carry_out(const control::DenyRequest& request, const control::Peer& peer) {
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
      reply.targets.push_back({part, request.dry_run ? "would revoke" : "revoked", "", "", {}});
    }
  }
  if (request.dry_run || revoked.empty()) return reply;
  LoadedPolicy next = store_.with_additions(additions, enforcer_.clock().wall());
  if (!next) return invalid(join(next.error()));
  if (const auto kept = store_.keep_additions(std::move(additions)); !kept)
    return control::Refused{"failed", kept.error().message};
  log(Level::info, "deny", {{"targets", join(revoked)}, {"by", peer.text()}});
  const std::uint64_t cut_before = enforcer_.tally().cut_flows;
  hooks_.adopt(std::move(*next));
  if (!engine().is_settled())
    return control::Refused{
        "failed", "the kernel has not taken the change yet; egressd retries (egressctl status)"};
  reply.cut_flows = enforcer_.tally().cut_flows - cut_before;
  for (control::TargetOutcome& outcome : reply.targets)
    if (outcome.state == "revoked" &&
        std::ranges::any_of(policy().entries, [&](const policy::AllowEntry& entry) {
          return stems_from(entry, outcome.target);
        }))
      outcome.message = "still allowed by a policy file: see egressctl why " + outcome.target;
  return reply;
}

// Only additions can be denied; whatever else allows the target has to be changed where it stands.
control::TargetOutcome ControlService::refuse_to_deny(const std::string& target) const {
  control::TargetOutcome outcome{target, "refused", "", "", {}};
  for (const policy::AllowEntry& entry : policy().entries) {
    if (!stems_from(entry, target)) continue;
    const policy::Origin& origin = entry.origin;
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
  const std::vector<policy::AllowEntry> before = policy().entries;
  log(Level::info, "reload", {{"by", peer.text()}});
  control::ReloadReply reply;
  for (const policy::Problem& problem : hooks_.reload()) reply.problems.push_back(problem.text());
  const auto count_missing = [](const auto& entries, const auto& others) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(entries, [&](const policy::AllowEntry& entry) {
          return !std::ranges::binary_search(others, entry.target(), {},
                                             &policy::AllowEntry::target);
        }));
  };
  reply.added = count_missing(policy().entries, before);
  reply.removed = count_missing(before, policy().entries);
  return reply;
}

}  // namespace egress::daemon
