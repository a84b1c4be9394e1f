#include "guard/name_writer.hpp"

#include <algorithm>

namespace egress::guard {

void NameWriter::note_suffix(std::size_t offset, std::size_t octets) {
  if (count_ < kSuffixes && offset <= kFarthestPointer) suffixes_[count_++] = {offset, octets};
}

void NameWriter::note(std::span<const std::uint8_t> name, std::size_t offset) {
  for (std::size_t at = 0; name[at] != 0; at += name[at] + 1U)
    note_suffix(offset + at, name.size() - at);
}

std::size_t NameWriter::write(std::span<const std::uint8_t> name) {
  const std::size_t begin = writer_.size();
  if (!writer_.fits()) return begin;  // what was noted may not stand there
  std::size_t at = 0;
  for (; name[at] != 0; at += name[at] + 1U) {
    const auto suffix = name.subspan(at);
    if (const Suffix* const known = find(suffix)) {
      writer_.u16(kPointer | static_cast<unsigned>(known->offset));
      return at == 0 ? known->offset : begin;
    }
    note_suffix(begin + at, suffix.size());
    writer_.octets(suffix.first(suffix[0] + 1U));
  }
  writer_.u8(0);
  return begin;
}

const NameWriter::Suffix* NameWriter::find(std::span<const std::uint8_t> name) const {
  for (const Suffix& suffix : std::span(suffixes_).first(count_))
    if (suffix.octets == name.size() && stands_at(suffix.offset, name)) return &suffix;
  return nullptr;
}

// Ends, because a pointer of ours leads back to a suffix of the same length.
bool NameWriter::stands_at(std::size_t offset, std::span<const std::uint8_t> name) const {
  const auto message = writer_.written();
  std::size_t at = 0;
  while (true) {
    const std::size_t label = message[offset];
    if (label >= kPointer >> 8U) {
      offset = load_u16(message, offset) & kFarthestPointer;
      continue;
    }
    const auto written = message.subspan(offset, label + 1);
    if (!std::ranges::equal(written, name.subspan(at, name[at] + 1U))) return false;
    if (label == 0) return true;
    offset += label + 1;
    at += label + 1;
  }
}

}  // namespace egress::guard
