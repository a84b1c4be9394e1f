// The frame filter follows the links and the policy.
#include "egress/core/limits.hpp"
#include "egress/engine/engine.hpp"

namespace egress::engine {

void Engine::on(const LinksChanged& event, Instant) {
  inputs_.set_links(event.links);
  frames_.is_dirty = true;
  is_static_dirty_ = true;  // the next transaction compares the frame
}

void Engine::plan_frames(Instant now) {
  if (!frames_.is_dirty || !has_policy() || frames_.is_under_way || now < frames_.retry_at) return;
  frames_.is_dirty = false;
  if (!inputs_.capabilities.filters_frames) return;
  nft::FrameFilter desired = compile_frames(inputs_);
  if (frames_.installed == desired) return;
  frames_.asked = desired;
  frames_.is_under_way = true;
  outbox_.emplace_back(FilterFrames{std::move(desired)});
}

// Most often a link has just gone, of which we are about to hear.
void Engine::on(const FramesFiltered& event, Instant now) {
  frames_.is_under_way = false;
  if (event.outcome.status == nft::CommitOutcome::Status::committed) {
    frames_.installed = frames_.asked;
    return;
  }
  frames_.installed.reset();
  frames_.is_dirty = true;
  frames_.retry_at = now + limits::kCommitRetry;
  note(Notice::Level::warning, "frames-not-filtered", {{"message", event.outcome.message}});
}

}  // namespace egress::engine
