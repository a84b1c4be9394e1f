#include "adapters/state/known_addresses.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <tuple>

#include "adapters/state/files.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"

namespace egress::state {
namespace {

constexpr std::string_view kHeader = "egressd known addresses, version 1\n";
constexpr std::string_view kFirstWords = "egressd known addresses, version ";
constexpr std::string_view kChecksum = "checksum ";
constexpr std::ptrdiff_t kFrameLines = 2;  // the header and the checksum
constexpr std::size_t kTrailerBytes = kChecksum.size() + 8 + 1;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1U ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    table[i] = value;
  }
  return table;
}

std::uint32_t crc32(std::string_view text) {
  static constexpr auto kTable = make_crc_table();
  std::uint32_t crc = ~0U;
  for (const char c : text) crc = crc >> 8U ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFFU];
  return ~crc;
}

std::string trailer(std::string_view body) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x\n", crc32(body));
  return std::string(kChecksum) + digits.data();
}

// Cuts the text up to the separator off, and the separator with it; empty if it is missing.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  if (end == std::string_view::npos) return {};
  const auto taken = text.substr(0, end);
  text.remove_prefix(end + 1);
  return taken;
}

std::string print_line(const dns::KnownAddress& known) {
  return known.name.text() + " " + known.address.text() + " " + print_wall_time(known.expires);
}

std::optional<dns::KnownAddress> parse_line(std::string_view line) {
  std::string_view rest = line;
  const auto name_text = take_until(rest, ' ');
  const auto address_text = take_until(rest, ' ');
  if (!name_text || !address_text) return {};
  const auto name = DnsName::parse(*name_text);
  const auto address = IpAddress::parse(*address_text);
  const auto expires = parse_wall_time(rest);
  if (!name || !address || !expires) return {};
  const dns::KnownAddress known{*name, *address, *expires};
  if (print_line(known) != line) return {};  // not in the one form that we write
  return known;
}

}  // namespace

std::string print_known_addresses(const std::vector<dns::KnownAddress>& known) {
  std::string text(kHeader);
  for (const auto& one : known) {
    const std::string line = print_line(one) + "\n";
    if (text.size() + line.size() + kTrailerBytes > limits::kKnownAddressesBytes) break;
    text += line;
  }
  return text + trailer(text);
}

Result<std::vector<dns::KnownAddress>> parse_known_addresses(std::string_view text) {
  if (!text.starts_with(kFirstWords)) return fail("not a file of known addresses");
  if (!text.starts_with(kHeader)) return fail("a version that this egressd does not know");
  if (text.size() < kHeader.size() + kTrailerBytes) return fail("cut short");
  auto body = text.substr(0, text.size() - kTrailerBytes);
  if (text.substr(body.size()) != trailer(body)) return fail("the checksum does not match");
  body.remove_prefix(kHeader.size());
  std::vector<dns::KnownAddress> known;
  while (const auto line = take_until(body, '\n')) {
    const auto one = parse_line(*line);
    if (!one) return fail("not NAME ADDRESS TIME: " + quoted(*line));
    known.push_back(*one);
  }
  if (!body.empty()) return fail("the last line is not whole");
  return known;
}

Result<std::vector<dns::KnownAddress>> read_known_addresses(const std::string& path, WallTime now) {
  const auto text = read_file(path, limits::kKnownAddressesBytes, Guard::no_links);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::vector<dns::KnownAddress>();
  auto known = parse_known_addresses(**text);
  if (!known) return fail(quoted(path) + ": " + known.error().message);
  std::erase_if(*known, [&](const auto& one) { return one.expires <= now; });
  return known;
}

Result<void> write_known_addresses(const std::string& path, std::vector<dns::KnownAddress> known) {
  std::ranges::sort(known, {}, [](const dns::KnownAddress& one) {
    return std::tie(one.is_learnt, one.name, one.address);
  });
  const auto text = print_known_addresses(known);
  if (auto written = write_atomically(path, text, 0640); !written) return written;
  const auto named = std::ranges::count(known, false, &dns::KnownAddress::is_learnt);
  if (std::ranges::count(text, '\n') - kFrameLines < named)
    return fail(quoted(path) +
                ": holds no more; some addresses of names in the policy are left out");
  return {};
}

}  // namespace egress::state
