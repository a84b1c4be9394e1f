// What root does from outside of the policy: open, panic, resume; with the invariants of each.
#include "sim/world.hpp"

namespace egress::sim {

using engine::Posture;

Posture World::posture() const {
  return posture_until_ > clock_.now() ? posture_ : Posture::enforcing;
}

void World::set_posture(Posture posture, Instant until) {
  posture_ = posture;
  posture_until_ = until;
  may_be_open_ |= posture == Posture::open;  // it may be over before anybody looks
  engine_->handle(engine::PostureChanged{posture, until}, clock_.now());
}

void World::change_posture() {
  constexpr Posture kAll[] = {Posture::enforcing, Posture::enforcing, Posture::open,
                              Posture::panic};
  const bool is_bounded = !one_in(random_, 4);
  const Instant until =
      is_bounded ? clock_.now() + milliseconds(1 + below(random_, 60'000)) : kNever;
  set_posture(kAll[below(random_, 4)], until);
}

// As the daemon does: panic is on disk, open is not.
void World::restore_posture() {
  if (posture() != Posture::panic) posture_ = Posture::enforcing;
  engine_->handle(engine::PostureChanged{posture_, posture_until_}, clock_.now());
}

// While the kernel refuses commits, the table of an older posture may linger.
void World::check_posture(const nft::Snapshot& live) {
  if (engine_->inputs().posture != posture()) complain("a posture outlives its end (invariant 7)");
  may_be_open_ |= posture() == Posture::open;
  if (!may_be_open_ && !kernel_.is_closed()) complain("the closed base is gone (invariant 2)");
  if (!engine_->is_settled()) return;
  may_be_open_ = posture() == Posture::open;
  ++postures_[static_cast<std::size_t>(posture())];
  const bool is_closed = posture() != Posture::open;
  if (kernel_.is_closed() != is_closed)
    complain(is_closed ? "open though it is over (invariant 7)" : "not open though root says so");
  if (posture() != Posture::panic) {
    if (kernel_.is_in_panic()) complain("panic though it is over (invariant 7)");
    return;
  }
  for (const nft::LiveElement& element : live.elements)
    if (kernel_.connect({element.key.first, element.key.transport, element.key.ports.first}))
      complain(element.key.text() + " is admitted in panic (invariant 7)");
  if (kernel_.connect({*IpAddress::parse("10.0.0.2"), Transport::udp, 53}))
    complain("a question leaves in panic (invariant 7)");
}

}  // namespace egress::sim
