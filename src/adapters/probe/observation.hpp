// What one probe saw: a plain value, so that judging needs no socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "egress/core/ip_address.hpp"

namespace egress::probe {

enum class Outcome : std::uint8_t {
  reached,       // the far side answered as it should
  wrong_answer,  // the far side answered, but not as it should: a bad certificate, SERVFAIL, a
                 // stray datagram
  refused,       // an error came back: `error` says which
  timeout,       // nothing came back
  no_route,      // this host has no route for the address; no packet was made
  impossible,    // the probe itself could not be made: no permission, no descriptor, out of time
};
std::string_view text(Outcome outcome);

// Why a DNS server answered as it did (RFC 8914).
struct ExtendedError {
  std::uint16_t code = 0;
  std::string text;  // from the network, as it came
  bool operator==(const ExtendedError&) const = default;
};

struct Observation {
  Outcome outcome = Outcome::impossible;
  int error = 0;  // errno of `refused` and `impossible`
  std::chrono::microseconds elapsed{0};
  std::optional<IpAddress>
      offender;                    // who sent the ICMP error (SO_EE_OFFENDER), where there was one
  bool offender_is_local = false;  // the offender is an address of this host
  std::string detail;              // for people; text from the network in it is quoted already

  // Of a DNS answer.
  std::optional<int> rcode;          // RFC 1035 section 4.1.1, RFC 6891 section 6.1.3
  std::vector<IpAddress> addresses;  // A or AAAA, whichever was asked for
  std::size_t records = 0;           // that carry data, in all sections: see Response
  bool is_truncated = false;         // the server has more to say over TCP
  std::optional<ExtendedError> extended_error;

  bool was_answered() const {
    return outcome == Outcome::reached || outcome == Outcome::wrong_answer;
  }
};

// Of a probe that sent nothing.
Observation no_route();
Observation impossible(int error);

// "refused (Connection refused)", "timeout", "reached: TLSv1.3": one phrase for a table.
std::string summary(const Observation& observation);

}  // namespace egress::probe
