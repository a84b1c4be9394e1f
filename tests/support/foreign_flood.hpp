// Somebody inside a namespace who never stops sending under addresses that are not his, so that
// they are answered; and whatever of it arrives on the far side.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/flood.hpp"

namespace egress::test {

// Nothing else has its address: the far side knows the lane by it, at either end of a packet.
struct ForeignLane {
  std::string name;
  std::string address;
  std::function<std::unique_ptr<FloodLane>()> make;  // inside the namespace
};
using ForeignLanes = std::vector<ForeignLane>;

// Of a host with these addresses, which refuses to send to `refused`; IPv4 and IPv6 of each.
struct ForeignGround {
  std::string host4, host6, refused4, refused6;
};
// Freely bound sockets, `lo` as a trampoline, packets made by hand, and errors about flows that
// outside_flows() begins.
ForeignLanes lanes_of_host(const ForeignGround& ground);
// Packets made by hand and freely bound sockets of a container with these addresses.
ForeignLanes lanes_of_container(const ForeignGround& ground, const std::string& own4,
                                const std::string& own6);
// From the far side to a port of the host that takes them and says nothing.
ForeignLanes outside_flows(const ForeignGround& ground);

class ForeignFlood {
 public:
  ForeignFlood(std::string netns, ForeignLanes lanes);
  ~ForeignFlood();
  ForeignFlood(const ForeignFlood&) = delete;
  ForeignFlood& operator=(const ForeignFlood&) = delete;

  std::uint64_t sent() const { return sent_; }
  std::uint64_t refused() const { return refused_; }  // and the sender was told so at once

 private:
  void run();

  const std::string netns_;
  const ForeignLanes lanes_;
  std::atomic<std::uint64_t> sent_ = 0, refused_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

// What arrives of the lanes on a device of the namespace, below every filter there; nothing of it
// gets further.
class ForeignCount {
 public:
  ForeignCount(std::string netns, const std::string& device, const ForeignLanes& lanes);
  // By the lanes' names, since the beginning.
  std::map<std::string, std::uint64_t> read() const;

 private:
  const std::string netns_;
};

}  // namespace egress::test
