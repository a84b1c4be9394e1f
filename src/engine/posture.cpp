// What root makes of the policy from outside of it: open, or panic; and what ends with it.
#include "egress/engine/engine.hpp"

namespace egress::engine {

std::string_view text(Posture posture) {
  switch (posture) {
    case Posture::enforcing:
      return "enforcing";
    case Posture::open:
      return "open";
    case Posture::panic:
      return "panic";
  }
  return "";
}

void Engine::on(const PostureChanged& event, Instant now) {
  inputs_.open_ends = event.until_wall;
  set_posture(event.posture, event.until, now);
}

void Engine::set_posture(Posture posture, Instant until, Instant now) {
  const bool is_reachable_again = inputs_.posture == Posture::panic && posture != Posture::panic;
  inputs_.posture = posture;
  inputs_.posture_until = posture == Posture::enforcing ? kNever : until;
  frames_.is_dirty = true;
  is_static_dirty_ = true;  // the next transaction compares the frame
  if (is_reachable_again) names_.retry_failing(now);
}

void Engine::end_posture(Instant now) {
  if (inputs_.posture_until > now) return;
  note(Notice::Level::warning, inputs_.posture == Posture::open ? "closed" : "resumed",
       {{"because", "its time is over"}});
  set_posture(Posture::enforcing, kNever, now);
}

// What was addressed to this host is answered, not sent: an open shell of the operator's goes on.
bool Engine::is_unlisted(const nft::Flow& flow, Instant now) const {
  if (!installed_ || is_own(flow.destination.address) || is_served(flow)) return false;
  const bool may_be_held = installed_->base.judges_forwarded();
  return (may_be_held || is_own(flow.source)) && !installed_->permits(flow.destination, now);
}

}  // namespace egress::engine
