// DNS messages as the tests write and read them; nothing of the product's own codec is used.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace egress::test {

// RFC 1035 section 3.2.2, RFC 3596, RFC 6672, RFC 9460.
enum DnsType : std::uint16_t {
  kTypeA = 1,
  kTypeNs = 2,
  kTypeCname = 5,
  kTypeSoa = 6,
  kTypeNull = 10,
  kTypePtr = 12,
  kTypeMx = 15,
  kTypeTxt = 16,
  kTypeAaaa = 28,
  kTypeSrv = 33,
  kTypeDname = 39,
  kTypeOpt = 41,
  kTypeSvcb = 64,
  kTypeHttps = 65,
  kTypeAxfr = 252,
  kTypeAny = 255,
};
// RFC 1035 section 4.1.1.
enum DnsRcode : unsigned { kNoError = 0, kFormErr = 1, kServFail = 2, kNxdomain = 3, kRefused = 5 };

struct DnsQuestion {
  std::string name;
  std::uint16_t type = kTypeA;
  std::uint16_t id = 0x1234;
  std::optional<std::uint16_t> edns_size = 1232;  // empty: no OPT record
  // RFC 1035 section 4.1.1, RFC 4035 sections 3.2.2 and 3.2.3; DO needs an OPT record (RFC 3225).
  bool recursion_desired = true;
  bool authentic_data = false;
  bool checking_disabled = false;
  bool wants_dnssec = false;
};
std::vector<std::uint8_t> write_query(const DnsQuestion& question);
// A name on the wire: labels of its dotted form, no escapes.
std::vector<std::uint8_t> wire_name(std::string_view dotted);

struct DnsRecord {
  std::string owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::string text;  // an address, a name, or the octets in hex
};

struct DnsMessage {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::string name;  // of the question, in its own case; octets beyond hostnames as \DDD
  std::uint16_t type = 0;
  std::vector<DnsRecord> answers, authorities, additionals;
  std::optional<std::uint16_t> edns_size;       // empty: no OPT record
  bool wants_dnssec = false;                    // DO
  std::optional<std::uint16_t> extended_error;  // RFC 8914, and its text
  std::string error_text;

  bool is_response() const { return (flags & 0x8000U) != 0; }
  bool is_truncated() const { return (flags & 0x0200U) != 0; }
  unsigned rcode() const { return flags & 0x000FU; }
  // The texts of the answer's records of one type, in their order.
  std::vector<std::string> texts(std::uint16_t of_type) const;
};
// Empty if the octets are not exactly one message with at most one question.
std::optional<DnsMessage> read_message(std::span<const std::uint8_t> octets);

}  // namespace egress::test
