// Somebody inside a namespace who does what is allowed, and must never notice anything.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/probe.hpp"

namespace egress::test {

// Connects to port 443 of each address in turn, without end, in a thread of its own; and one
// connection to each stays open from the start on. A TcpServer must be there.
class AllowedTraffic {
 public:
  // `observe` is asked at the moment of a failure, in that thread, for what may explain it.
  AllowedTraffic(std::string netns, std::vector<std::string> addresses,
                 std::function<std::string()> observe = {});
  ~AllowedTraffic();
  AllowedTraffic(const AllowedTraffic&) = delete;
  AllowedTraffic& operator=(const AllowedTraffic&) = delete;

  std::uint64_t connected() const { return connected_; }
  // What went wrong, in words.
  std::vector<std::string> failures() const;
  // Whether each open transfer still gets something new.
  bool transfers_go_on();

 private:
  void run();
  void fail(const std::string& address, int error);

  const std::string netns_;
  const std::vector<std::string> addresses_;
  const std::function<std::string()> observe_;
  std::vector<std::unique_ptr<Connection>> transfers_;
  std::atomic<std::uint64_t> connected_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> failures_;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace egress::test
