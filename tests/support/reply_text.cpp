#include "support/reply_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "adapters/cares/message_reader.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::guard::test {
namespace {

std::string address_text(const std::vector<std::uint8_t>& octets) {
  std::array<std::uint8_t, 4> v4{};
  std::array<std::uint8_t, 16> v6{};
  if (octets.size() == v4.size()) {
    std::ranges::copy(octets, v4.begin());
    return IpAddress::v4(v4).text();
  }
  std::ranges::copy(octets, v6.begin());
  return IpAddress::v6(v6).text();
}

std::string rdata_text(const cares::Record& record) {
  if (record.key.type == cares::kTypeTxt) return {record.octets.begin(), record.octets.end()};
  if (!record.octets.empty()) return address_text(record.octets);
  if (record.key.type == cares::kTypeSrv)
    return std::to_string(record.priority) + ' ' + std::to_string(record.weight) + ' ' +
           std::to_string(record.port) + ' ' + (record.target.empty() ? "." : record.target);
  if (record.key.type == cares::kTypeCname) return record.target.empty() ? "." : record.target;
  if (record.key.type == cares::kTypeSoa) return "minimum " + std::to_string(record.minimum);
  return "class " + std::to_string(record.key.record_class);
}

std::string key_text(const cares::RecordKey& key) {
  return (key.owner.empty() ? "." : key.owner) + " " + std::to_string(key.type);
}

std::string head_text(const cares::Header& header, unsigned additionals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04x %x %x %x %x\n", header.flags, header.questions,
                header.answers, header.authorities, additionals);
  return text.data();
}

std::string read(std::span<const std::uint8_t> message) {
  cares::MessageReader reader(message);
  const auto header = reader.header();
  if (!header) return {};
  const unsigned additionals = message[10] * 256U + message[11];
  std::string text = head_text(*header, additionals);
  for (unsigned i = 0; i < header->questions; ++i) {
    const auto question = reader.question();
    if (!question) return {};
    text += key_text(*question) + "\n";
  }
  for (unsigned i = 0; i < header->answers + header->authorities + additionals; ++i) {
    const auto record = reader.record();
    if (!record) return {};
    text += key_text(record->key) + " " + std::to_string(record->ttl) + " " + rdata_text(*record) +
            "\n";
  }
  return text;
}

}  // namespace

std::string reply_text(std::span<const std::uint8_t> message) {
  const std::string text = read(message);
  const bool is_whole = !text.empty() && read(message.first(message.size() - 1)).empty();
  return is_whole ? text : "unreadable";
}

}  // namespace egress::guard::test
