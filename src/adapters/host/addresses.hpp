// The machine's own addresses, which no answer may open. Loopback ones are among them.
#pragma once

#include <optional>
#include <set>

#include "adapters/file_descriptor.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/result.hpp"

namespace egress::host {

Result<std::set<IpAddress>> own_addresses();

// Follows the addresses of this network namespace through rtnetlink(7).
class AddressWatch {
 public:
  static Result<AddressWatch> open();

  // Those known at the moment.
  const std::set<IpAddress>& addresses() const { return addresses_; }
  // Readable when dispatch() has something to read.
  int fd() const { return socket_.get(); }
  // Takes all notices in. True when addresses() has changed; messages that were lost on the way do
  // not matter, since the addresses are read anew. On error the old addresses stay.
  Result<bool> dispatch();

 private:
  explicit AddressWatch(FileDescriptor socket) : socket_(std::move(socket)) {}
  FileDescriptor socket_;
  std::set<IpAddress> addresses_;
};

}  // namespace egress::host
