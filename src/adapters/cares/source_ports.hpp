// The ports that questions over UDP come from. The kernel chooses them, and each is used again for
// a while: where every question had a port of its own, the connection tracking would hold an entry
// for each, for half a minute, and whoever asks for many names could fill it. An answer is as hard
// to forge as before (RFC 5452 section 9.2): nobody outside knows which ports they are.
#pragma once

#include <cstddef>
#include <vector>

#include "egress/core/ip_address.hpp"

namespace egress::cares {

class SourcePorts {
 public:
  static constexpr std::size_t kPorts = 1024;  // at a time
  static constexpr std::size_t kUses = 8192;   // of all together, before others take their place

  // Binds a socket that has no address yet. One that cannot be bound (another program has the port)
  // is left to the kernel.
  void bind(int socket);

 private:
  std::vector<Port> ports_;
  std::size_t uses_ = 0;
};

}  // namespace egress::cares
