#include "egress/guard/journal.hpp"

#include <algorithm>
#include <bit>

#include "egress/core/limits.hpp"

namespace egress::guard {
namespace {

constexpr int kFirstBucketBits = 4;  // the first bucket ends at 16 us

}  // namespace

std::string_view text(Verdict verdict) {
  switch (verdict) {
    case Verdict::held:
      return "held";
    case Verdict::asked:
      return "asked";
    case Verdict::stale:
      return "stale";
    case Verdict::no_data:
      return "no data";
    case Verdict::refused:
      return "refused";
    case Verdict::filtered:
      return "filtered";
    case Verdict::failed:
      return "failed";
    case Verdict::limited:
      return "limited";
    case Verdict::unusable:
      return "unusable";
  }
  return "unknown";
}

void Latency::add(microseconds duration) {
  const auto value = static_cast<std::uint64_t>(std::max<microseconds::rep>(duration.count(), 0));
  const auto bits = static_cast<std::size_t>(std::bit_width(value >> kFirstBucketBits));
  ++buckets_[std::min(bits, buckets_.size() - 1)];
  ++count_;
}

microseconds Latency::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > wanted || (seen == count_ && count_ > 0))
      return microseconds(std::int64_t{1} << (kFirstBucketBits + static_cast<int>(i)));
  }
  return microseconds(0);
}

void Journal::add(JournalEntry entry) {
  ++counts_[static_cast<std::size_t>(entry.verdict)];
  if (latest_.size() == limits::kJournal) latest_.pop_front();
  latest_.push_back(std::move(entry));
}

}  // namespace egress::guard
