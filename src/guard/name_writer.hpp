// Name compression (RFC 1035 section 4.1.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "guard/wire.hpp"

namespace egress::guard {

// A pointer to an octet of the message; the top two bits say that it is one.
inline constexpr unsigned kPointer = 0xC000;
inline constexpr std::size_t kFarthestPointer = 0x3FFF;

// Writes names, each as short as those before it allow. Letters keep their case: a pointer leads
// only to the very same octets.
class NameWriter {
 public:
  explicit NameWriter(Writer& writer) : writer_(writer) {}

  // Takes note of a name that already stands in the message, uncompressed.
  void note(std::span<const std::uint8_t> name, std::size_t offset);
  // Returns where the name stands: here, or where it was first written.
  std::size_t write(std::span<const std::uint8_t> name);

 private:
  struct Suffix {
    std::size_t offset;
    std::size_t octets;  // without compression
  };
  // The names of a usual answer have half as many labels; those of an unusual one are not searched
  // for long.
  static constexpr std::size_t kSuffixes = 32;

  void note_suffix(std::size_t offset, std::size_t octets);
  const Suffix* find(std::span<const std::uint8_t> name) const;
  bool stands_at(std::size_t offset, std::span<const std::uint8_t> name) const;

  Writer& writer_;
  std::array<Suffix, kSuffixes> suffixes_;
  std::size_t count_ = 0;
};

}  // namespace egress::guard
