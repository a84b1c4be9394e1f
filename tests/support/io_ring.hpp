// Sends as programs do that hand their calls to the kernel in a ring (io_uring(7)): a thread of the
// kernel carries them out.
#pragma once

#include <sys/socket.h>

namespace egress::test {

// sendmsg(2) by a ring of its own: 0 or what it failed with. Throws where the kernel has no rings.
int send_by_ring(int descriptor, const msghdr& message);

}  // namespace egress::test
