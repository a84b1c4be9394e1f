#include "egress/guard/wildcard_watch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "egress/core/limits.hpp"

namespace egress::guard {
namespace {

constexpr seconds kWindow{60};

}  // namespace

double data_bits(std::string_view labels) {
  std::array<int, 256> counts{};
  for (const char c : labels) ++counts[static_cast<unsigned char>(c)];
  const auto length = static_cast<double>(labels.size());
  double bits = 0;
  for (const int count : counts)
    if (count > 0) bits += count * std::log2(length / count);
  return bits;
}

bool WildcardWatch::admit(const policy::Wildcard& wildcard, const DnsName& name,
                          const std::optional<policy::Rate>& rate, Instant now) {
  Window& window = windows_[wildcard.text()];
  if (!window.is_started || now >= window.since + kWindow) {
    window.since = now;
    window.names = 0;
    window.bits = 0;
  }
  if (!window.is_started && rate) {
    window.tokens = rate->count;
    window.filled_at = now;
  }
  window.is_started = true;
  if (rate && !take_token(window, *rate, now)) return false;
  const std::string_view text = name.text();
  const std::size_t base = wildcard.base.text().size();
  ++window.names;
  if (text.size() > base + 1) window.bits += data_bits(text.substr(0, text.size() - base - 1));
  if (window.bits > limits::kAlarmBits && now >= window.quiet_until) {
    window.quiet_until = now + limits::kAlarmPause;
    alarm_ = Alarm{wildcard.text(), window.names, window.bits};
  }
  return true;
}

bool WildcardWatch::take_token(Window& window, const policy::Rate& rate, Instant now) {
  const double per_millisecond =
      static_cast<double>(rate.count) / static_cast<double>(milliseconds(rate.period).count());
  window.tokens += per_millisecond * static_cast<double>((now - window.filled_at).count());
  window.tokens = std::min(window.tokens, static_cast<double>(rate.count));
  window.filled_at = now;
  if (window.tokens < 1) return false;
  window.tokens -= 1;
  return true;
}

std::optional<WildcardWatch::Alarm> WildcardWatch::take_alarm() {
  return std::exchange(alarm_, std::nullopt);
}

}  // namespace egress::guard
