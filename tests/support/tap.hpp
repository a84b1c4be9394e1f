// Looks at what really arrives on the far side, below every filter: the evidence that a probe did
// not leave the host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace egress::test {

struct SeenPacket {
  std::uint8_t protocol = 0;  // IANA: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6
  std::string destination;
  std::uint16_t port = 0;  // TCP and UDP
};

class Tap {
 public:
  // Listens from now on, on one interface of the namespace, to what comes in.
  Tap(const std::string& netns, const std::string& interface);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // Packets to this address since the start; 0: whatever the port.
  std::size_t count(const std::string& destination, std::uint16_t port = 0);

 private:
  void drain();

  int socket_ = -1;
  std::vector<SeenPacket> seen_;
};

}  // namespace egress::test
