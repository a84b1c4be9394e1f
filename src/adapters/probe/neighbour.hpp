// Somebody outside whom verify plays itself, with nothing forged: at the other end of a link of
// this host (tun) stands a process of ours. It sends a UDP datagram back to its sender,
// begins a flow when asked to, and counts what else it is sent. Nothing of it leaves this machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "adapters/file_descriptor.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/result.hpp"

namespace egress::probe {

// Addresses of documentation (RFC 5737, RFC 3849), which no other link has.
IpAddress neighbours_address(Family family);
inline constexpr Port kNeighboursPort = 9;  // RFC 863

class Neighbour {
 public:
  // Takes CAP_NET_ADMIN. The process must have one thread: it forks. Waits for another one's link
  // to go.
  static Result<std::unique_ptr<Neighbour>> make();
  ~Neighbour();  // the link is gone then; after a crash of this process, too
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  // It sends a datagram from its port to this one of the host's own end. From any thread.
  void begin_flow(Family family, Port port) const;
  // How many packets it was sent that belong to no flow with its port: answers to what it has not
  // asked.
  std::uint64_t unasked() const;

 private:
  Neighbour(pid_t process, FileDescriptor line) : process_(process), line_(std::move(line)) {}

  pid_t process_;
  FileDescriptor line_;  // to the process, which ends with it
};

}  // namespace egress::probe
