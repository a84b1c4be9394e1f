// An authoritative DNS server for n0.bench.example, n1.bench.example, ...: its answers follow from
// the number, and it notes when it gave them. UDP, at every address of the lab's internet.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bench/report.hpp"
#include "support/servers.hpp"

namespace egress::bench {

// Name `i`, and a policy entry or target for its port 443 or another.
std::string name(std::size_t i);
// The nth IPv4 address of name `i`. No two are the same up to 2^24 in all.
std::string address(std::size_t i, std::size_t n, std::size_t addresses_per_name);

struct Records {
  std::size_t names = 1;
  std::uint32_t ttl = 60;
  std::size_t ipv4 = 1;  // addresses of each name; 0: NODATA
  std::size_t ipv6 = 0;
};

class Authority {
 public:
  Authority(const std::string& netns, Records records);

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
  std::optional<test::Bytes> answer(const test::Bytes& question);
  void note(std::size_t name, bool is_ipv6);

  const Records records_;
  mutable std::mutex mutex_;
  std::vector<std::array<Question, 2>> questions_;  // A, AAAA
  test::UdpServer server_;                          // last: its thread uses the rest
};

}  // namespace egress::bench
