// What reading and writing DNS messages share: the numbers of RFC 1035 section 4.1, and octets in
// network order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace egress::guard {

inline constexpr std::size_t kHeaderOctets = 12;
inline constexpr std::uint16_t kClassIn = 1;

// The second 16 bits of the header.
inline constexpr std::uint16_t kFlagQr = 0x8000;
inline constexpr std::uint16_t kFlagsOpcode = 0x7800;
inline constexpr std::uint16_t kFlagTc = 0x0200;
inline constexpr std::uint16_t kFlagRd = 0x0100;
inline constexpr std::uint16_t kFlagRa = 0x0080;
inline constexpr std::uint16_t kFlagCd = 0x0010;
inline constexpr std::uint16_t kFlagsRcode = 0x000F;

inline std::uint16_t load_u16(std::span<const std::uint8_t> octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

// Fills a span from its front. What does not fit is not written, and nothing after it.
class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> out) : out_(out) {}

  void u8(unsigned value) {
    if (!claim(1)) return;
    out_[size_++] = static_cast<std::uint8_t>(value);
  }
  void u16(unsigned value) {
    if (!claim(2)) return;
    put_u16(size_, value);
    size_ += 2;
  }
  void u32(std::uint32_t value) {
    if (!claim(4)) return;
    put_u16(size_, value >> 16U);
    put_u16(size_ + 2, value);
    size_ += 4;
  }
  void octets(std::span<const std::uint8_t> octets) {
    if (!claim(octets.size())) return;
    std::copy(octets.begin(), octets.end(), out_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += octets.size();
  }
  // The length of what has been written since `at`, where two octets were left for it.
  void length_at(std::size_t at) {
    if (fits_) put_u16(at, static_cast<unsigned>(size_ - at - 2));
  }
  // Forgets what was written after the first `size` octets.
  void rewind(std::size_t size) {
    size_ = size;
    fits_ = true;
  }

  bool fits() const { return fits_; }
  std::size_t size() const { return size_; }
  std::size_t left() const { return out_.size() - size_; }
  std::span<const std::uint8_t> written() const { return out_.first(size_); }

 private:
  bool claim(std::size_t octets) { return fits_ = fits_ && octets <= left(); }
  void put_u16(std::size_t at, unsigned value) {
    out_[at] = static_cast<std::uint8_t>(value >> 8U);
    out_[at + 1] = static_cast<std::uint8_t>(value);
  }

  std::span<std::uint8_t> out_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

}  // namespace egress::guard
