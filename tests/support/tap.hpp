// Looks at what really arrives on the far side, below every filter: the evidence that a probe did
// not leave the host.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace egress::test {

struct SeenPacket {
  std::uint8_t protocol = 0;  // IANA: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6
  std::string source, destination;
  std::uint16_t source_port = 0, port = 0;  // the destination's; TCP and UDP
  std::vector<std::uint8_t> octets;         // all of it, from the IP header on
  std::size_t payload = 0;                  // where what TCP or UDP carries begins

  // Whether this text is anywhere in it.
  bool carries(std::string_view text) const;
};

class Tap {
 public:
  // Listens from now on, on one interface of the namespace, to what comes in; "": on all that there
  // are and will be.
  Tap(const std::string& netns, const std::string& interface);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // Everything since the start.
  const std::vector<SeenPacket>& seen();
  // Packets to this address since the start; 0: whatever the port.
  std::size_t count(const std::string& destination, std::uint16_t port = 0);
  // Whether this text was in any packet of whatever protocol, in upper or lower case.
  bool carried(std::string_view text);
  // The names, in lower case, in the questions of DNS queries to port 53; over TCP those that had a
  // segment to themselves.
  std::set<std::string> names_asked();

 private:
  void drain();
  void refuse_losses() const;

  int socket_ = -1;
  std::vector<SeenPacket> seen_;
};

}  // namespace egress::test
