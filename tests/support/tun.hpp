// A tun or tap device that belongs to a user, who writes whole packets into the host.
#pragma once

#include <sys/types.h>

#include <string>

#include "support/forged.hpp"

namespace egress::test {

class Tun {
 public:
  enum class Kind {
    tun,            // with the addresses itself
    tap_of_bridge,  // a port of the bridge "vmbr0", which has them
  };
  // Named `device`, with 10.9.9.1/24 and fd99::1/64, and opened as the user. Throws where it
  // cannot.
  Tun(const std::string& netns, const std::string& device, uid_t user, Kind kind = Kind::tun);
  ~Tun();
  Tun(const Tun&) = delete;
  Tun& operator=(const Tun&) = delete;

  // As though it came from the device's other end; 0 or what write(2) failed with.
  int write(const IpPacket& packet) const;
  // Whether the host sent a packet with this text to the device's other end, so far.
  bool got(std::string_view text);

 private:
  const Kind kind_;
  int device_ = -1;
  std::string read_;
};

}  // namespace egress::test
