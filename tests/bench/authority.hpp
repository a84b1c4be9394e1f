// An authoritative DNS server for n0.bench.example, n1.bench.example, ...: its answers follow from
// the number, and it notes when it gave them. UDP, at the lab's resolver address; its buffer holds
// more questions than egressd has under way at a time, so that none is lost.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/report.hpp"

namespace egress::bench {

// Name `i`.
std::string name(std::size_t i);
// The nth IPv4 address of name `i`. No two are the same up to 2^24 in all.
std::string address(std::size_t i, std::size_t n, std::size_t addresses_per_name);

using Bytes = std::vector<std::uint8_t>;

struct Records {
  std::size_t names = 1;
  std::uint32_t ttl = 60;
  std::size_t ipv4 = 1;  // addresses of each name; 0: NODATA
  std::size_t ipv6 = 0;
};

class Authority {
 public:
  Authority(const std::string& netns, Records records);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // Questions (a name, A or AAAA) answered at least once.
  std::size_t answered() const;
  // For each question the longest time between two answers, or from the last one until now, in
  // seconds.
  std::vector<double> longest_gaps() const;
  // Answers given so far.
  std::size_t answers() const;

 private:
  struct Question {
    SteadyTime last{};
    double longest_gap = 0;  // in seconds
    std::size_t answers = 0;
  };
  void serve();
  Bytes answer(const Bytes& question);
  void note(std::size_t name, bool is_ipv6);

  const Records records_;
  mutable std::mutex mutex_;
  std::vector<std::array<Question, 2>> questions_;  // A, AAAA
  int socket_ = -1;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace egress::bench
