// Questions to a DNS server on or beyond the lab's host: many at once, by dnsperf, and few in
// steady time, each one timed. They are for A records of the names of authority.hpp, by number.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/lab.hpp"

namespace egress::bench {

struct DnsServer {
  std::string address;
  std::uint16_t port = 53;
};

// Names first to first + count - 1.
struct Names {
  std::size_t first = 0;
  std::size_t count = 0;
};

struct Throughput {
  std::size_t sent = 0;
  std::size_t answered = 0;  // with NOERROR
  double per_second = 0;     // of those
};
// dnsperf as four clients with 100 questions under way. Each name is asked once.
Throughput flood(const test::Lab& lab, const DnsServer& server, Names names);
// The names are asked over and over.
Throughput flood_for(const test::Lab& lab, const DnsServer& server, Names names,
                     std::chrono::milliseconds duration);

struct Latencies {
  std::vector<double> milliseconds;  // of the questions that were answered with an address
  std::size_t unanswered = 0;
};
// Each name is asked once, at its time, whether or not those before it were answered: a slow answer
// delays no question. What dnsperf does not tell: it prints no percentiles.
Latencies trickle(const test::Lab& lab, const DnsServer& server, Names names,
                  std::size_t per_second);

// Returns once the server answers for this name; throws if it does not within two minutes.
void await_answer(const test::Lab& lab, const DnsServer& server, std::size_t name);

}  // namespace egress::bench
