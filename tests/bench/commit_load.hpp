// Commits to the table of the calling thread's network namespace. Nothing here needs more of
// egressd than its door to the packet filter, so that it can be built with another commit's.
#pragma once

#include "egress/nft/kernel.hpp"

namespace egress::bench {

inline constexpr auto kLifetime = std::chrono::hours(1);

enum class Shape {
  addresses,  // of the set allow4: 10.0.0.0 and what follows
  nets,       // of the set nets4: 10.0.0.0/28, 10.0.0.32/28 and what follows, so that none touches
              // another
};
// The first and the last address of element number i.
IpAddress first_of(int i, Shape shape);
IpAddress last_of(int i, Shape shape);
nft::Transaction additions(int first, int count, Shape shape = Shape::addresses);
void must_commit(nft::Kernel& kernel, const nft::Transaction& transaction);
// Throws unless the table holds so many elements.
void must_hold_elements(nft::Kernel& kernel, int count);
// Replaces the table by an empty one, and waits until the kernel has freed what that threw away,
// which would disturb a measurement.
void empty_table(nft::Kernel& kernel);

}  // namespace egress::bench
