#include "adapters/cares/answer_parser.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/cares/message_reader.hpp"
#include "egress/core/limits.hpp"

namespace egress::cares {
namespace {

constexpr unsigned kNoError = 0;
constexpr unsigned kNxDomain = 3;
constexpr unsigned kRefused = 5;

dns::Answer failed(const dns::Question& question, dns::Status status) {
  return {question, status, {}, {}, {}};
}

dns::Status status_of(unsigned rcode) {
  if (rcode == kNxDomain) return dns::Status::nxdomain;
  if (rcode == kRefused) return dns::Status::refused;
  return dns::Status::servfail;
}

std::uint32_t effective_ttl(std::uint32_t ttl) {
  return ttl < 0x8000'0000U ? ttl : 0;
}

IpAddress address_of(const Record& record) {
  if (record.key.type == kTypeA) {
    std::array<std::uint8_t, 4> octets{};
    std::copy_n(record.octets.begin(), octets.size(), octets.begin());
    return IpAddress::v4(octets);
  }
  std::array<std::uint8_t, 16> octets{};
  std::copy_n(record.octets.begin(), octets.size(), octets.begin());
  return IpAddress::v6(octets);
}

bool asks(const RecordKey& key, const dns::Question& question) {
  return key.owner == question.name.text() && key.type == record_type(question) &&
         key.record_class == kClassIn;
}

bool is_record(const Record& record, std::string_view owner, std::uint16_t type) {
  return record.key.owner == owner && record.key.type == type &&
         record.key.record_class == kClassIn;
}

const Record* find_cname(const std::vector<Record>& records, std::string_view owner) {
  const auto found = std::find_if(records.begin(), records.end(), [&](const Record& record) {
    return is_record(record, owner, kTypeCname);
  });
  return found == records.end() ? nullptr : &*found;
}

// The name at the end of the chain; empty when the chain loops or is too long.
std::optional<std::string> follow_chain(const std::vector<Record>& records, dns::Answer& answer,
                                        std::uint32_t& ttl) {
  std::string owner = answer.question.name.text();
  while (const Record* cname = find_cname(records, owner)) {
    if (answer.chain.size() == limits::kCnameChain) return {};
    ttl = std::min(ttl, effective_ttl(cname->ttl));
    owner = cname->target;
    answer.chain.push_back(owner);
  }
  return owner;
}

void take_addresses(const std::vector<Record>& records, std::string_view owner, dns::Answer& answer,
                    std::uint32_t& ttl) {
  const auto type = record_type(answer.question);
  std::set<IpAddress> seen;
  for (const Record& record : records) {
    if (!is_record(record, owner, type)) continue;
    ttl = std::min(ttl, effective_ttl(record.ttl));
    const IpAddress address = address_of(record);
    if (seen.size() <= limits::kAddressesPerAnswer && seen.insert(address).second)
      answer.addresses.push_back(address);
  }
}

void take_services(const std::vector<Record>& records, std::string_view owner, dns::Answer& answer,
                   std::uint32_t& ttl) {
  for (const Record& record : records) {
    if (!is_record(record, owner, kTypeSrv)) continue;
    ttl = std::min(ttl, effective_ttl(record.ttl));
    if (answer.services.size() < limits::kServicesPerAnswer)
      answer.services.push_back({record.priority, record.weight, record.port, record.target});
  }
}

// False: they hold more than is kept.
bool take_texts(const std::vector<Record>& records, std::string_view owner, dns::Answer& answer,
                std::uint32_t& ttl) {
  std::size_t octets = 0;
  for (const Record& record : records) {
    if (!is_record(record, owner, kTypeTxt)) continue;
    ttl = std::min(ttl, effective_ttl(record.ttl));
    octets += record.octets.size();
    if (answer.texts.size() < limits::kTextsPerAnswer) answer.texts.push_back(record.octets);
  }
  return octets <= limits::kTextOctets;
}

bool take_records(const std::vector<Record>& records, std::string_view owner, dns::Answer& answer,
                  std::uint32_t& ttl) {
  switch (answer.question.records) {
    case dns::Records::addresses:
      take_addresses(records, owner, answer, ttl);
      return true;
    case dns::Records::services:
      take_services(records, owner, answer, ttl);
      return true;
    case dns::Records::texts:
      return take_texts(records, owner, answer, ttl);
  }
  return false;
}

bool is_empty(const dns::Answer& answer) {
  return answer.addresses.empty() && answer.services.empty() && answer.texts.empty();
}

dns::Answer read_answer(const dns::Question& question, const std::vector<Record>& records) {
  dns::Answer answer{question, dns::Status::ok, {}, {}, {}};
  auto ttl = ~std::uint32_t{0};
  const auto owner = follow_chain(records, answer, ttl);
  if (!owner) return failed(question, dns::Status::malformed);
  if (!answer.chain.empty()) answer.chain_ttl = seconds(ttl);
  if (!take_records(records, *owner, answer, ttl)) return failed(question, dns::Status::malformed);
  if (is_empty(answer)) answer.status = dns::Status::nodata;
  answer.ttl = seconds(ttl);
  return answer;
}

std::optional<std::vector<Record>> read_records(MessageReader& reader, unsigned count) {
  std::vector<Record> records;
  for (unsigned i = 0; i < count; ++i) {
    auto record = reader.record();
    if (!record) return {};
    records.push_back(std::move(*record));
  }
  return records;
}

bool is_at_or_below(std::string_view name, std::string_view zone) {
  if (zone.empty() || name == zone) return true;
  return name.size() > zone.size() && name.ends_with(zone) &&
         name[name.size() - zone.size() - 1] == '.';
}

// RFC 2308 section 5: a negative answer counts for the lesser of the SOA's own TTL and its last
// field; and no longer than the aliases that led to it, which are told with the same TTL.
void take_authority(const std::vector<Record>& authority, dns::Answer& answer) {
  const std::string& name =
      answer.chain.empty() ? answer.question.name.text() : answer.chain.back();
  const seconds chain_ttl = std::exchange(answer.ttl, seconds(0));
  for (const Record& record : authority) {
    if (!is_record(record, record.key.owner, kTypeSoa) || !is_at_or_below(name, record.key.owner))
      continue;
    const auto soa_ttl = std::min(effective_ttl(record.ttl), effective_ttl(record.minimum));
    answer.ttl = std::min(chain_ttl, seconds(soa_ttl));
    answer.zone = record.key.owner.empty() ? "." : record.key.owner;
    return;
  }
}

// RFC 2308 section 2.2: without an SOA, NS records beside no answer say whom else to ask. A server
// that says so to us does not resolve for us; it does not say that there is none.
bool is_referral(const dns::Answer& answer, const std::vector<Record>& authority) {
  const auto holds = [&authority](std::uint16_t type) {
    return std::ranges::any_of(authority, [type](const Record& r) { return r.key.type == type; });
  };
  return answer.status == dns::Status::nodata && answer.chain.empty() && holds(kTypeNs) &&
         !holds(kTypeSoa);
}

}  // namespace

std::uint16_t record_type(const dns::Question& question) {
  switch (question.records) {
    case dns::Records::addresses:
      return question.family == Family::ipv4 ? kTypeA : kTypeAaaa;
    case dns::Records::services:
      return kTypeSrv;
    case dns::Records::texts:
      return kTypeTxt;
  }
  return kTypeA;
}

dns::Answer parse_answer(const dns::Question& question, std::span<const std::uint8_t> message) {
  const dns::Answer malformed = failed(question, dns::Status::malformed);
  MessageReader reader(message);
  const auto header = reader.header();
  if (!header || !header->is_response() || header->opcode() != 0 || header->is_truncated())
    return malformed;
  const bool is_negative = header->rcode() == kNxDomain;
  if (header->rcode() != kNoError && !is_negative)
    return failed(question, status_of(header->rcode()));
  const auto asked = header->questions == 1 ? reader.question() : std::nullopt;
  if (!asked || !asks(*asked, question)) return malformed;
  const auto records = read_records(reader, header->answers);
  if (!records) return malformed;
  dns::Answer answer = read_answer(question, *records);
  if (answer.status == dns::Status::malformed) return answer;
  if (is_negative) {
    answer.status = dns::Status::nxdomain;
    answer.addresses.clear();
    answer.services.clear();
    answer.texts.clear();
  }
  if (answer.status == dns::Status::ok) return answer;
  const auto authority = read_records(reader, header->authorities).value_or(std::vector<Record>());
  if (is_referral(answer, authority)) return failed(question, dns::Status::servfail);
  take_authority(authority, answer);
  return answer;
}

}  // namespace egress::cares
