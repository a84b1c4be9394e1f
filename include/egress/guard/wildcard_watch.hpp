// How much the names that programs ask for below a wildcard could carry out: each name that is new can tell whoever serves
// the zone as many bits as its labels hold. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "egress/core/dns_name.hpp"
#include "egress/core/time.hpp"
#include "egress/policy/policy.hpp"

namespace egress::guard {

// An upper estimate in bits: length times entropy of the labels before the base.
double data_bits(std::string_view labels);

class WildcardWatch {
 public:
  struct Alarm {
    std::string wildcard;
    std::uint64_t names = 0;  // new in the last minute
    double bits = 0;          // that they could carry
  };

  // Notes a name that was not seen before. False: over the rate, and not to be asked.
  bool admit(const policy::Wildcard& wildcard, const DnsName& name, const std::optional<policy::Rate>& rate, Instant now);
  // Set when the name just noted is beyond limits::kAlarmBits in a minute; at most once in limits::kAlarmPause each.
  std::optional<Alarm> take_alarm();

 private:
  struct Window {
    Instant since{};
    std::uint64_t names = 0;
    double bits = 0;
    Instant quiet_until{};
    double tokens = 0;  // new names that may be asked now
    Instant filled_at{};
    bool is_started = false;
  };
  static bool take_token(Window& window, const policy::Rate& rate, Instant now);

  std::map<std::string, Window> windows_;  // as many as the policy has wildcards
  std::optional<Alarm> alarm_;
};

}  // namespace egress::guard
