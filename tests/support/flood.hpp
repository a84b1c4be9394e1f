// Somebody inside a namespace who never stops trying to reach what nobody has allowed.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace egress::test {

// Two addresses that belong to one flood alone: the far side knows by them who sent a packet.
struct FloodTarget {
  const char* name;
  const char* v4;
  const char* v6;
  bool gets_frames;  // also datagrams handed to the device uplink0 past the network stack
};
inline constexpr FloodTarget kHostFlood{"host", "198.51.100.1", "2001:db8:f100::1", true};
inline constexpr FloodTarget kContainerFlood{"container", "198.51.100.2", "2001:db8:f100::2",
                                             false};

inline constexpr std::uint16_t kFloodPort = 7'000;       // TCP and UDP
inline constexpr std::uint16_t kFloodFramePort = 7'001;  // UDP in frames made by hand
inline constexpr int kFloodMark = 10;                    // a DSCP

// One way to send to one address, again and again.
class FloodLane {
 public:
  virtual ~FloodLane() = default;
  // False where the kernel told the sender that it would not.
  virtual bool send() = 0;
  // From now on the packets carry the mark.
  virtual void mark() = 0;
};

// Connections, datagrams and echo requests in turn, of both families, each from sockets that stay
// the same; from a thread of its own.
class Flood {
 public:
  Flood(std::string netns, FloodTarget target);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  // Once this has returned every packet carries the mark kFloodMark, by which FloodCount tells it
  // from those before; its addresses and ports stay as they were.
  void mark();
  // Of the marked ones.
  std::uint64_t sent() const { return sent_; }
  std::uint64_t refused() const { return refused_; }  // and the sender was told so at once

 private:
  void run();
  void send_all(std::vector<std::unique_ptr<FloodLane>>& lanes);

  const std::string netns_;
  const FloodTarget target_;
  std::atomic<std::uint64_t> sent_ = 0, refused_ = 0;
  std::atomic<bool> is_stopping_ = false, is_to_mark_ = false;
  bool is_marked_ = false;
  std::promise<void> marked_;
  std::thread thread_;
};

}  // namespace egress::test
