// A reply as an independent reader (the one for upstream answers, on c-ares) understands it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace egress::guard::test {

// The flags and four counts in hex, then one line for the question and for each record:
//   8180 1 1 0 0
//   www.example.com 1
//   www.example.com 1 300 192.0.2.1
// The RDATA of an SOA is its minimum, that of an OPT is not shown. "unreadable" if the reader does
// not take the message, or if there is more than the records.
std::string reply_text(std::span<const std::uint8_t> message);

}  // namespace egress::guard::test
