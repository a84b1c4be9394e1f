// What other programs do to our table, from the kernel's notices (NFNLGRP_NFTABLES). Needed only
// where the kernel cannot make the table ours alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/file_descriptor.hpp"
#include "egress/core/result.hpp"

namespace egress::netlink {

// Somebody changed our table, or may have.
struct Tampering {
  std::uint32_t pid = 0;  // 0: not known, since notices were lost
  std::string program;    // as the kernel names it, at most 15 characters; from outside
};

class TableWatch {
 public:
  // In the network namespace of the calling thread. What the socket with the netlink port
  // `own_port` does is left out.
  static Result<TableWatch> open(std::uint32_t own_port);

  // Readable when dispatch() has something to read.
  int fd() const { return socket_.get(); }
  // Takes all notices in. The last change of our table among them; empty: there was none.
  std::optional<Tampering> dispatch();

 private:
  explicit TableWatch(FileDescriptor socket);
  void take(const std::uint8_t* datagram, std::size_t size);

  FileDescriptor socket_;
  std::vector<std::uint8_t> buffer_;
  bool is_touched_ = false;  // by the change whose notices are being read
  std::optional<Tampering> found_;
};

}  // namespace egress::netlink
