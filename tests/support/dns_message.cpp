#include "support/dns_message.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstdio>

#include "support/hex.hpp"

namespace egress::test {
namespace {

constexpr std::uint16_t kClassIn = 1;
constexpr unsigned kRecursionDesired = 0x0100;
constexpr unsigned kAuthenticData = 0x0020;
constexpr unsigned kCheckingDisabled = 0x0010;
constexpr std::uint16_t kDnssecOk = 0x8000;
constexpr std::uint16_t kExtendedErrorOption = 15;
constexpr int kMostJumps = 128;

void append(std::vector<std::uint8_t>& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

// Reads on until something does not fit; `is_good` tells afterwards.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> octets) : octets_(octets) {}

  bool is_good() const { return is_good_; }
  std::size_t at() const { return at_; }
  bool is_at_end() const { return at_ == octets_.size(); }
  std::uint8_t u8() {
    if (at_ >= octets_.size()) return fail();
    return octets_[at_++];
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8U | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16U | u16();
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (octets_.size() - at_ < size) {
      fail();
      return {};
    }
    at_ += size;
    return octets_.subspan(at_ - size, size);
  }
  std::string name();

 private:
  std::uint8_t fail() {
    is_good_ = false;
    at_ = octets_.size();
    return 0;
  }
  void jump(std::size_t to) { at_ = to < octets_.size() ? to : octets_.size(); }

  std::span<const std::uint8_t> octets_;
  std::size_t at_ = 0;
  bool is_good_ = true;
};

void append_label(std::string& out, std::span<const std::uint8_t> label) {
  if (!out.empty()) out += '.';
  for (const std::uint8_t octet : label) {
    if (octet > ' ' && octet < 0x7f && octet != '.' && octet != '\\') {
      out += static_cast<char>(octet);
    } else {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\%03u", unsigned{octet});
      out += escape.data();
    }
  }
}

// RFC 1035 section 4.1.4. Reading goes on behind the first pointer.
std::string Cursor::name() {
  std::string out;
  std::optional<std::size_t> behind;
  for (int jumps = 0; jumps < kMostJumps;) {
    const std::uint8_t length = u8();
    if (length == 0) break;
    if (length >= 0xc0) {
      const std::size_t to = (length & 0x3fU) << 8U | u8();
      if (!behind) behind = at_;
      if (++jumps == kMostJumps) fail();
      jump(to);
    } else {
      append_label(out, take(length));
    }
  }
  if (behind && is_good_) at_ = *behind;
  return out;
}

std::string address(int family, std::span<const std::uint8_t> data) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  return inet_ntop(family, data.data(), buffer.data(), buffer.size());
}

std::string read_data(Cursor& cursor, std::uint16_t type, std::size_t size) {
  switch (type) {
    case kTypeCname:
    case kTypeDname:
    case kTypeNs:
    case kTypePtr:
      return cursor.name();
    default:
      break;
  }
  const auto data = cursor.take(size);
  if (type == kTypeA && data.size() == 4) return address(AF_INET, data);
  if (type == kTypeAaaa && data.size() == 16) return address(AF_INET6, data);
  return hex(data);
}

void read_options(std::span<const std::uint8_t> data, DnsMessage& message) {
  Cursor cursor(data);
  while (cursor.is_good() && !cursor.is_at_end()) {
    const std::uint16_t code = cursor.u16();
    const auto value = cursor.take(cursor.u16());
    if (code != kExtendedErrorOption || value.size() < 2) continue;
    message.extended_error = static_cast<std::uint16_t>(value[0] << 8U | value[1]);
    message.error_text.assign(value.begin() + 2, value.end());
  }
}

void read_opt(Cursor& cursor, std::uint16_t udp_size, std::uint32_t ttl, DnsMessage& message) {
  message.edns_size = udp_size;
  message.wants_dnssec = (ttl & kDnssecOk) != 0;
  read_options(cursor.take(cursor.u16()), message);
}

void read_records(Cursor& cursor, unsigned count, DnsMessage& message,
                  std::vector<DnsRecord>& records) {
  for (unsigned i = 0; i < count && cursor.is_good(); ++i) {
    DnsRecord record{.owner = cursor.name(), .text = {}};
    record.type = cursor.u16();
    const std::uint16_t record_class = cursor.u16();
    record.ttl = cursor.u32();
    if (record.type == kTypeOpt) {
      read_opt(cursor, record_class, record.ttl, message);
    } else {
      const std::size_t size = cursor.u16();
      record.text = read_data(cursor, record.type, size);
      records.push_back(std::move(record));
    }
  }
}

}  // namespace

std::vector<std::uint8_t> wire_name(std::string_view dotted) {
  std::vector<std::uint8_t> out;
  while (!dotted.empty()) {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
  }
  out.push_back(0);
  return out;
}

std::vector<std::uint8_t> write_query(const DnsQuestion& question) {
  std::vector<std::uint8_t> out;
  const bool has_opt = question.edns_size.has_value();
  const unsigned flags = (question.recursion_desired ? kRecursionDesired : 0U) |
                         (question.authentic_data ? kAuthenticData : 0U) |
                         (question.checking_disabled ? kCheckingDisabled : 0U);
  for (const unsigned word : {unsigned{question.id}, flags, 1U, 0U, 0U, has_opt ? 1U : 0U})
    append(out, static_cast<std::uint16_t>(word));
  const auto name = wire_name(question.name);
  out.insert(out.end(), name.begin(), name.end());
  append(out, question.type);
  append(out, kClassIn);
  if (!has_opt) return out;
  out.push_back(0);  // OPT belongs to the root (RFC 6891 section 6.1.2)
  for (const std::uint16_t word : {std::uint16_t{kTypeOpt}, *question.edns_size}) append(out, word);
  append(out, 0);  // no extended rcode, version 0
  append(out, question.wants_dnssec ? kDnssecOk : std::uint16_t{0});
  append(out, 0);  // no options
  return out;
}

std::vector<std::string> DnsMessage::texts(std::uint16_t of_type) const {
  std::vector<std::string> out;
  for (const DnsRecord& record : answers)
    if (record.type == of_type) out.push_back(record.text);
  return out;
}

std::optional<DnsMessage> read_message(std::span<const std::uint8_t> octets) {
  Cursor cursor(octets);
  DnsMessage message;
  message.id = cursor.u16();
  message.flags = cursor.u16();
  std::array<unsigned, 4> counts{};
  for (unsigned& count : counts) count = cursor.u16();
  if (counts[0] > 1) return std::nullopt;
  if (counts[0] == 1) {
    message.name = cursor.name();
    message.type = cursor.u16();
    cursor.u16();  // class
  }
  read_records(cursor, counts[1], message, message.answers);
  read_records(cursor, counts[2], message, message.authorities);
  read_records(cursor, counts[3], message, message.additionals);
  if (!cursor.is_good() || !cursor.is_at_end()) return std::nullopt;
  return message;
}

}  // namespace egress::test
