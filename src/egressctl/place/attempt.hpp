// Asks the daemon for a change as somebody who should have no right to it.
#pragma once

#include <optional>
#include <string>

#include "egressctl/place/place.hpp"
#include "egressctl/verify/truths.hpp"

namespace egress::place {

// As `user`; without one as nobody, or, for who is not root, as himself. Asks for what would change
// nothing if it were granted. The process must have one thread: it forks.
verify::Attempt attempt_change(const std::string& socket, std::optional<Account> user);

}  // namespace egress::place
