#include "adapters/probe/dns_message.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace egress::probe {

namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint8_t kResponseFlag = 0x80;
constexpr std::uint8_t kOpcodeMask = 0x78;
constexpr std::uint16_t kRecursionDesired = 0x0100;  // in the flags
constexpr std::uint8_t kPointer = 0xc0;

std::uint16_t type_of(Family family) {
  return family == Family::ipv4 ? 1 : 28;
}  // A, AAAA

// Reads a message front to back and fails for good at the first octet that is not there.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message) : message_(message) {}
  bool ok() const { return ok_; }

  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > message_.size() - at_) ok_ = false;
    if (!ok_) return {};
    at_ += count;
    return message_.subspan(at_ - count, count);
  }
  std::uint16_t take16() {
    const auto octets = take(2);
    return ok_ ? static_cast<std::uint16_t>(octets[0] << 8 | octets[1]) : std::uint16_t{0};
  }
  // Steps over a name without following its pointer, so that no message can make it loop.
  void skip_name() {
    for (;;) {
      const auto length = take(1);
      if (!ok_ || length[0] == 0) return;
      if ((length[0] & kPointer) == kPointer) {
        take(1);
        return;
      }
      if ((length[0] & kPointer) != 0) ok_ = false;
      take(length[0]);
    }
  }

 private:
  std::span<const std::uint8_t> message_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

void put16(std::vector<std::uint8_t>& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_name(std::vector<std::uint8_t>& out, std::string_view name) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out.push_back(0);
}

// A resolver may return the question in another case (draft-vixie-dnsext-dns0x20).
bool same_octets(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  const auto lower = [](std::uint8_t octet) {
    return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<IpAddress> address_of(Family family, std::span<const std::uint8_t> rdata) {
  if (family == Family::ipv4 && rdata.size() == 4) {
    return IpAddress::v4({rdata[0], rdata[1], rdata[2], rdata[3]});
  }
  if (family == Family::ipv6 && rdata.size() == 16) {
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(rdata, octets.begin());
    return IpAddress::v6(octets);
  }
  return std::nullopt;
}

void take_record(Reader& reader, Family family, Response& response) {
  reader.skip_name();
  const std::uint16_t type = reader.take16();
  const std::uint16_t record_class = reader.take16();
  reader.take(4);  // TTL
  const auto rdata = reader.take(reader.take16());
  if (!reader.ok() || type != type_of(family) || record_class != kClassIn) return;
  if (const auto address = address_of(family, rdata)) response.addresses.push_back(*address);
}

}  // namespace

std::vector<std::uint8_t> encode(const Query& query) {
  std::vector<std::uint8_t> out;
  put16(out, query.id);
  for (const std::uint16_t field :
       {kRecursionDesired, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}})
    put16(out, field);  // one question, no record
  put_name(out, query.name.text());
  put16(out, type_of(query.family));
  put16(out, kClassIn);
  return out;
}

std::optional<Response> decode(std::span<const std::uint8_t> message, const Query& query) {
  const auto asked = encode(query);
  if (message.size() < asked.size()) return std::nullopt;
  const bool is_response = (message[2] & kResponseFlag) != 0 && (message[2] & kOpcodeMask) == 0;
  const auto question = std::span(asked).subspan(kHeader);
  if (message[0] != asked[0] || message[1] != asked[1] || !is_response || message[4] != 0 ||
      message[5] != 1 || !same_octets(message.subspan(kHeader, question.size()), question)) {
    return std::nullopt;
  }
  Response response;
  response.rcode = message[3] & 0x0f;
  const int records = message[6] << 8 | message[7];
  Reader reader(message.subspan(asked.size()));
  for (int i = 0; i < records && reader.ok(); ++i) take_record(reader, query.family, response);
  if (!reader.ok()) return std::nullopt;
  return response;
}

std::string rcode_text(int rcode) {
  constexpr std::array<std::string_view, 6> kNames{"NOERROR",  "FORMERR", "SERVFAIL",
                                                   "NXDOMAIN", "NOTIMP",  "REFUSED"};
  const auto index = static_cast<std::size_t>(rcode);
  if (index < kNames.size()) return std::string(kNames[index]);
  return "RCODE " + std::to_string(rcode);
}

}  // namespace egress::probe
