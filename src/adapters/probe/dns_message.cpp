#include "adapters/probe/dns_message.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace egress::probe {

namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTypeSoa = 6;
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kUdpSize = 1232;  // what we take; no fragments (RFC 9715)
constexpr std::uint16_t kOptionEde = 15;  // RFC 8914 section 2
constexpr std::uint8_t kResponseFlag = 0x80;
constexpr std::uint8_t kTruncatedFlag = 0x02;
constexpr std::uint8_t kOpcodeMask = 0x78;
constexpr std::uint16_t kRecursionDesired = 0x0100;  // in the flags
constexpr std::uint8_t kPointer = 0xc0;

constexpr std::array<std::pair<std::uint16_t, std::string_view>, 4> kTypes{
    {{kTypeA, "A"}, {kTypeTxt, "TXT"}, {kTypeAaaa, "AAAA"}, {kTypeHttps, "HTTPS"}}};

// Reads a message front to back and fails for good at the first octet that is not there.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message) : message_(message) {}
  bool ok() const { return ok_; }
  bool at_end() const { return !ok_ || at_ == message_.size(); }

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

void put_question(std::vector<std::uint8_t>& out, const Question& question) {
  put_name(out, question.name.text());
  put16(out, question.type);
  put16(out, kClassIn);
}

// RFC 6891 section 6.1.2: the root's name, our size, no flags, no options.
void put_opt(std::vector<std::uint8_t>& out) {
  out.push_back(0);
  put16(out, kTypeOpt);
  put16(out, kUdpSize);
  out.insert(out.end(), 6, 0);
}

// A resolver may return the question in another case (draft-vixie-dnsext-dns0x20).
bool same_octets(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  const auto lower = [](std::uint8_t octet) {
    return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<IpAddress> address_of(std::uint16_t type, std::span<const std::uint8_t> rdata) {
  if (type == kTypeA && rdata.size() == 4) {
    return IpAddress::v4({rdata[0], rdata[1], rdata[2], rdata[3]});
  }
  if (type == kTypeAaaa && rdata.size() == 16) {
    std::array<std::uint8_t, 16> octets{};
    std::ranges::copy(rdata, octets.begin());
    return IpAddress::v6(octets);
  }
  return std::nullopt;
}

// False: malformed.
bool take_options(std::span<const std::uint8_t> rdata, Response& response) {
  Reader options(rdata);
  while (!options.at_end()) {
    const std::uint16_t code = options.take16();
    const auto value = options.take(options.take16());
    if (!options.ok() || (code == kOptionEde && value.size() < 2)) return false;
    if (code != kOptionEde || response.error) continue;
    response.error = {static_cast<std::uint16_t>(value[0] << 8 | value[1]),
                      std::string(value.begin() + 2, value.end())};
  }
  return options.ok();
}

enum class Section { answer, authority, additional };

bool take_record(Reader& reader, Section section, std::uint16_t asked, Response& response) {
  reader.skip_name();
  const std::uint16_t type = reader.take16();
  const std::uint16_t record_class = reader.take16();
  const auto ttl = reader.take(4);
  const auto rdata = reader.take(reader.take16());
  if (!reader.ok()) return false;
  if (section == Section::additional && type == kTypeOpt) {
    response.rcode |= ttl[0] << 4;  // the upper eight of its twelve bits (RFC 6891 section 6.1.3)
    return take_options(rdata, response);
  }
  if (section != Section::authority || type != kTypeSoa) ++response.records;
  if (section != Section::answer || type != asked || record_class != kClassIn) return true;
  if (const auto address = address_of(type, rdata)) response.addresses.push_back(*address);
  return true;
}

bool take_records(std::span<const std::uint8_t> counts, Reader& reader, std::uint16_t asked,
                  Response& response) {
  for (const Section section : {Section::answer, Section::authority, Section::additional}) {
    const auto at = 2 * static_cast<std::size_t>(section);
    for (int left = counts[at] << 8 | counts[at + 1]; left > 0; --left) {
      if (!take_record(reader, section, asked, response)) return false;
    }
  }
  return true;
}

}  // namespace

std::uint16_t address_type(Family family) {
  return family == Family::ipv4 ? kTypeA : kTypeAaaa;
}

std::string type_text(std::uint16_t type) {
  for (const auto& [number, name] : kTypes) {
    if (number == type) return std::string(name);
  }
  return "TYPE" + std::to_string(type);  // RFC 3597 section 5
}

std::vector<std::uint8_t> encode(const Query& query) {
  const std::uint16_t additional = query.question.has_edns ? 1 : 0;
  std::vector<std::uint8_t> out;
  put16(out, query.id);
  for (const std::uint16_t field :
       {kRecursionDesired, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}, additional})
    put16(out, field);
  put_question(out, query.question);
  if (query.question.has_edns) put_opt(out);
  return out;
}

std::optional<Response> decode(std::span<const std::uint8_t> message, const Query& query) {
  std::vector<std::uint8_t> question;
  put_question(question, query.question);
  const std::size_t records_at = kHeader + question.size();
  if (message.size() < records_at) return std::nullopt;
  const int id = message[0] << 8 | message[1];
  const bool is_response = (message[2] & kResponseFlag) != 0 && (message[2] & kOpcodeMask) == 0;
  if (id != query.id || !is_response || message[4] != 0 || message[5] != 1 ||
      !same_octets(message.subspan(kHeader, question.size()), question)) {
    return std::nullopt;
  }
  Response response;
  response.rcode = message[3] & 0x0f;
  response.is_truncated = (message[2] & kTruncatedFlag) != 0;
  Reader reader(message.subspan(records_at));
  if (!take_records(message.subspan(6, 6), reader, query.question.type, response)) {
    return std::nullopt;
  }
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
