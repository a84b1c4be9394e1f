// A socket that speaks under an address which need not be its host's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace egress::test {

enum class Borrowing {
  freebind,     // IPV6_FREEBIND, IP_FREEBIND: no right is needed
  transparent,  // IPV6_TRANSPARENT, IP_TRANSPARENT: CAP_NET_RAW or CAP_NET_ADMIN
  by_message,   // the source stands beside each message (IPV6_PKTINFO, IP_PKTINFO)
  by_ring,      // as freebind, and the kernel sends for the program (io_uring(7))
};

struct Borrowed {
  std::string source = {};  // "fe80::1%uplink0" as well
  std::uint16_t port = 0;
  int type = 0, protocol = 0;  // of socket(2)
  Borrowing how = Borrowing::freebind;
  uid_t user = 0;
};

class BorrowedSocket {
 public:
  // Throws where the kernel does not make one.
  BorrowedSocket(const std::string& netns, const Borrowed& options);
  ~BorrowedSocket();
  BorrowedSocket(const BorrowedSocket&) = delete;
  BorrowedSocket& operator=(const BorrowedSocket&) = delete;

  // 0 or what the call failed with; none of them waits.
  int send(const std::string& address, std::uint16_t port, std::string_view message);
  int connect(const std::string& address, std::uint16_t port);
  int send_connected(std::string_view message);
  // What has come in, or "".
  std::string receive();

 private:
  const std::string netns_;
  const Borrowed options_;
  int socket_ = -1;
};

// An echo request for a ping or raw socket of the family, with this behind its header.
std::string echo_message(int family, std::string_view payload);

}  // namespace egress::test
