// What is open on this host before egressd closes it.
#pragma once

#include "egressd/enforcer.hpp"

namespace egress::daemon {

// Tells the engine of the sessions there are. Without them the host is closed all the same; what is
// lost are those that should go on.
void find_sessions(Enforcer& enforcer);

// Which networks lie behind which link now.
Result<std::vector<engine::SessionsFound::Network>> networks_now();

// Tells the engine which networks lie behind which link now.
void find_networks(Enforcer& enforcer);

}  // namespace egress::daemon
