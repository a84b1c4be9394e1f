// What the guard did: counters, latencies and the latest questions, for `egressctl dns` and `status`.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "egress/core/ip_address.hpp"
#include "egress/core/time.hpp"

namespace egress::guard {

using std::chrono::microseconds;

enum class Verdict : std::uint8_t {
  held,         // answered from what is held
  asked,        // answered by the resolvers, released after the kernel's word
  stale,        // an older answer, since the resolvers fail
  no_data,      // a type that the guard does not serve, of an allowed name
  refused,      // the name is not allowed
  filtered,     // the name is allowed, its addresses are not
  failed,       // SERVFAIL: no answer, or not in the kernel in time
  limited,      // too many questions wait, or too many new names below a wildcard
  unusable,     // not a query
};
inline constexpr std::size_t kVerdicts = 9;
std::string_view text(Verdict verdict);

// Durations in buckets that double from 16 us; constant in size, cheap to add to.
class Latency {
 public:
  void add(microseconds duration);
  std::uint64_t count() const { return count_; }
  // The upper end of the bucket that holds this share of all (0 to 1); 0 without any.
  microseconds quantile(double share) const;

 private:
  std::array<std::uint64_t, 24> buckets_{};
  std::uint64_t count_ = 0;
};

struct JournalEntry {
  Instant at{};
  std::string name;  // from outside; as Query::name() gives it
  std::uint16_t type = 0;
  IpAddress client;
  Transport transport = Transport::udp;
  std::optional<std::uint32_t> user;  // whose socket it was, where that is known
  Verdict verdict{};
  microseconds took{0};
};

class Journal {
 public:
  void add(JournalEntry entry);
  std::uint64_t count(Verdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }
  // The latest limits::kJournal questions, the oldest first.
  const std::deque<JournalEntry>& latest() const { return latest_; }

  Latency queue;     // from arrival to the question to the resolvers
  Latency upstream;  // from there to their answer
  Latency commit;    // from there to the release, the kernel's acknowledgement between
  Latency whole;     // from arrival to the answer, of all questions that had to wait

 private:
  std::array<std::uint64_t, kVerdicts> counts_{};
  std::deque<JournalEntry> latest_;
};

}  // namespace egress::guard
