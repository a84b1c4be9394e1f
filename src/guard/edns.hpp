// The OPT pseudo-record (RFC 6891 section 6.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "egress/guard/message.hpp"
#include "guard/wire.hpp"

namespace egress::guard {

inline constexpr std::size_t kOptOctets = 11;           // without options
inline constexpr std::size_t kExtendedErrorOctets = 6;  // the option without text (RFC 8914)

// Empty unless `record` is one OPT and nothing after it. The options of versions other than 0 are
// not looked at.
std::optional<Edns> read_opt(std::span<const std::uint8_t> record);

struct OptFields {
  Rcode rcode = Rcode::noerror;
  bool wants_dnssec = false;  // copied from the query (RFC 3225 section 3)
  std::optional<ExtendedError> error{};
  std::string_view error_text{};
};
// The error, or the end of its text, is left out where it does not fit.
void write_opt(Writer& writer, const OptFields& fields);

}  // namespace egress::guard
