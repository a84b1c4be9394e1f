// DNS messages as the reader of upstream answers reads them, which knows nothing of how the guard
// writes.
#pragma once

#include <algorithm>
#include <iterator>

#include "adapters/cares/message_reader.hpp"
#include "fuzz/input.hpp"

namespace egress::fuzz {

inline unsigned u16(Span message, std::size_t at) {
  return message[at] * 256U + message[at + 1];
}

// Header, questions and every record.
inline bool is_read(Span message) {
  cares::MessageReader reader(message);
  const auto header = reader.header();
  if (!header) return false;
  for (unsigned i = 0; i < header->questions; ++i)
    if (!reader.question()) return false;
  for (unsigned i = 0; i < header->answers + header->authorities + u16(message, 10); ++i)
    if (!reader.record()) return false;
  return true;
}

// c-ares 1.18 cannot write a label that is one NUL, and the reader takes no name that holds one.
inline bool holds_nul_label(Span name) {
  constexpr std::uint8_t kNulLabel[] = {1, 0};
  return std::search(name.begin(), name.end(), std::begin(kNulLabel), std::end(kNulLabel)) !=
         name.end();
}

}  // namespace egress::fuzz
