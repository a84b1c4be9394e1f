// The requests that change what is in force for a while: open, panic, and a policy on trial.
#include <filesystem>
#include <utility>

#include "egressd/control_service.hpp"
#include "egressd/log.hpp"
#include "egressd/policy_in_force.hpp"
#include "egressd/reports.hpp"

namespace egress::daemon {
namespace {

using control::Reply;
using engine::Posture;

control::Refused nothing_to_confirm() {
  return {"invalid",
          "no policy waits to be confirmed; it may have reverted (egressctl status), then apply it "
          "again"};
}

}  // namespace

Reply ControlService::change_posture(Posture posture, std::optional<std::int64_t> for_s,
                                     const char* event, const control::Peer& peer) {
  control::PostureReply reply;
  reply.before = engine::text(engine().inputs().posture);
  Fields fields{{"by", peer.text()}};
  if (for_s) fields.emplace_back("for_s", std::to_string(*for_s));
  log(Level::warning, event, fields);
  reply.warning = hooks_.set_posture(posture, for_s ? now() + seconds(*for_s) : kNever);
  if (!engine().is_settled())
    return control::Refused{
        "failed", "the kernel has not taken the change yet; egressd retries (egressctl status)"};
  reply.state = engine::text(engine().inputs().posture);
  reply.until_s = seconds_left(engine().inputs().posture_until, now());
  return reply;
}

Reply ControlService::carry_out(const control::OpenRequest& request, const control::Peer& peer) {
  if (engine().inputs().posture == Posture::panic)
    return control::Refused{"invalid",
                            "PANIC is on, and open does not end it; egressctl resume, then open"};
  return change_posture(Posture::open, request.for_s, "opened", peer);
}

Reply ControlService::carry_out(const control::PanicRequest& request, const control::Peer& peer) {
  return change_posture(Posture::panic, request.for_s, "panic", peer);
}

Reply ControlService::carry_out(const control::ResumeRequest&, const control::Peer& peer) {
  const Posture before = engine().inputs().posture;
  if (before == Posture::enforcing)
    return control::PostureReply{"enforcing", "enforcing", std::nullopt, ""};
  return change_posture(Posture::enforcing, std::nullopt,
                        before == Posture::open ? "closed" : "resumed", peer);
}

Reply ControlService::carry_out(const control::ApplyRequest& request, const control::Peer& peer) {
  if (frame_.trial) return control::Refused{"busy", waits_to_be_confirmed(*frame_.trial, now())};
  const policy::Policy& before = policy();
  const MainText main{request.text, request.source.empty() ? "policy" : request.source};
  control::ApplyReply reply;
  reply.file = std::filesystem::absolute(store_.paths().config).string();
  LoadedPolicy next = store_.check(main, enforcer_.clock().wall());
  if (!next) {
    reply.problems = texts(next.error());
    reply.changed = false;
    return reply;
  }
  const policy::Policy& after = next->policy;
  reply.added = count_missing(after.entries, before.entries);
  reply.removed = count_missing(before.entries, after.entries);
  reply.risks = report_new_risks(after.entries, before.entries);
  reply.settings = report_changes(before, after);
  reply.warnings = texts(next->warnings);
  reply.changed = !store_.stands_on_disk(request.text) ||
                  reply.added + reply.removed + reply.settings.size() > 0;
  if (!request.confirm_s || !reply.changed) return reply;
  log(Level::warning, "policy-on-trial",
      {{"by", peer.text()},
       {"source", main.source},
       {"reverts_in_s", std::to_string(*request.confirm_s)}});
  reply.problems = texts(hooks_.try_out(main, now() + seconds(*request.confirm_s)));
  if (reply.problems.empty()) reply.reverts_s = request.confirm_s;
  return reply;
}

Reply ControlService::carry_out(const control::ConfirmRequest& request, const control::Peer& peer) {
  if (!frame_.trial) return nothing_to_confirm();
  control::ConfirmReply reply;
  reply.file = std::filesystem::absolute(store_.paths().config).string();
  if (!request.is_written) {
    reply.text = frame_.trial->text;
    return reply;
  }
  reply.problems = texts(hooks_.confirm());
  if (reply.problems.empty()) log(Level::info, "policy-confirmed", {{"by", peer.text()}});
  return reply;
}

}  // namespace egress::daemon
