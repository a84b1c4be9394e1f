// Reading a DNS message (RFC 1035 section 4) from the network: every read is checked against its
// end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace egress::cares {

// The values that we need of the registries of RFC 6895.
inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypeNs = 2;
inline constexpr std::uint16_t kTypeCname = 5;
inline constexpr std::uint16_t kTypeSoa = 6;
inline constexpr std::uint16_t kTypeTxt = 16;
inline constexpr std::uint16_t kTypeAaaa = 28;
inline constexpr std::uint16_t kTypeSrv = 33;
inline constexpr std::uint16_t kClassIn = 1;

struct Header {
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;

  bool is_response() const { return (flags & 0x8000U) != 0; }
  bool is_truncated() const { return (flags & 0x0200U) != 0; }
  unsigned opcode() const { return (flags >> 11U) & 0x0FU; }
  unsigned rcode() const { return flags & 0x0FU; }
};

struct RecordKey {
  std::string owner;  // as RFC 1035 section 5.1 writes names, escapes and all, in lower case
  std::uint16_t type = 0;
  std::uint16_t record_class = 0;
};

struct Record {
  RecordKey key;
  std::uint32_t ttl = 0;
  std::vector<std::uint8_t> octets;  // RDATA of an A, AAAA or TXT record
  std::string target;                // of a CNAME or SRV record; of SRV, the root is empty
  std::uint32_t minimum = 0;         // the last field of an SOA record
  std::uint16_t priority = 0;        // the fields of an SRV record before its target
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
};

// Reads front to back; an empty result means that the message does not hold what was asked for, and
// ends the reading.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::uint8_t> message) : message_(message) {}

  std::optional<Header> header();
  std::optional<RecordKey> question();
  // RDATA of other types and classes is skipped.
  std::optional<Record> record();

 private:
  std::optional<std::uint16_t> u16();
  std::optional<std::uint32_t> u32();
  std::optional<std::string> name();
  bool read_rdata(Record& record, std::size_t length);
  bool read_octets(Record& record, std::size_t length);
  bool read_service(Record& record);

  std::span<const std::uint8_t> message_;
  std::size_t offset_ = 0;
};

}  // namespace egress::cares
