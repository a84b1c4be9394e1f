// The network devices of this network namespace, and by which of them routes lead on.
#pragma once

#include <vector>

#include "adapters/file_descriptor.hpp"
#include "egress/core/result.hpp"
#include "egress/nft/links.hpp"

namespace egress::host {

// Sorted.
Result<std::vector<nft::Link>> links();

// Follows the devices through rtnetlink(7): they come, go, are renamed, join and leave bridges,
// and get and lose routes.
class LinkWatch {
 public:
  static Result<LinkWatch> open();

  // Those known at the moment.
  const std::vector<nft::Link>& links() const { return links_; }
  // Readable when dispatch() has something to read.
  int fd() const { return socket_.get(); }
  // Takes all notices in. True when links() has changed. On error the old ones stay.
  Result<bool> dispatch();

 private:
  explicit LinkWatch(FileDescriptor socket) : socket_(std::move(socket)) {}
  FileDescriptor socket_;
  std::vector<nft::Link> links_;
};

}  // namespace egress::host
