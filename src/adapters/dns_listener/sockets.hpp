// The bound sockets of the listener: opened, or taken over and checked.
#pragma once

#include <vector>

#include "adapters/file_descriptor.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/result.hpp"

namespace egress::dns_listener {

struct DatagramSocket {
  FileDescriptor descriptor;
  int domain = 0;  // AF_INET or AF_INET6
};

struct Sockets {
  std::vector<DatagramSocket> datagram;
  std::vector<FileDescriptor> stream;  // listening
};

Result<Sockets> open_sockets(Port port);
// Owns the descriptors from the first moment: all are closed when one of them will not do.
Result<Sockets> adopt_sockets(const std::vector<int>& descriptors);

}  // namespace egress::dns_listener
