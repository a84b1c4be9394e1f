// The secret by which the rules know egressd's own questions.
#pragma once

#include "egress/core/own_key.hpp"

namespace egress::host {

// Another one at each call, from the kernel's random numbers.
OwnKey draw_own_key();

}  // namespace egress::host
