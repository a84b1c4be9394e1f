#include "adapters/cares/message_reader.hpp"

#include <ares.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace egress::cares {
namespace {

char lower(char c) {
  return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// c-ares 1.18 writes a label that is a single NUL octet as it is, which ends its text early: just
// behind a dot, if any label came before.
bool is_cut(std::string_view text) {
  if (!text.ends_with('.')) return false;
  const std::size_t escapes = text.size() - 1 - (text.find_last_not_of('\\', text.size() - 2) + 1);
  return escapes % 2 == 0;
}

// Strings, each behind an octet with its length (RFC 1035 section 3.3.14).
bool are_strings(std::span<const std::uint8_t> octets) {
  if (octets.empty()) return false;
  while (!octets.empty()) {
    const std::size_t length = 1U + octets.front();
    if (length > octets.size()) return false;
    octets = octets.subspan(length);
  }
  return true;
}

}  // namespace

std::optional<std::uint16_t> MessageReader::u16() {
  if (message_.size() - offset_ < 2) return {};
  const unsigned high = message_[offset_];
  const unsigned low = message_[offset_ + 1];
  offset_ += 2;
  return static_cast<std::uint16_t>(high << 8U | low);
}

std::optional<std::uint32_t> MessageReader::u32() {
  const auto high = u16();
  const auto low = u16();
  if (!high || !low) return {};
  return std::uint32_t{*high} << 16U | *low;
}

std::optional<std::string> MessageReader::name() {
  char* expanded = nullptr;
  long length = 0;
  const int status = ares_expand_name(message_.data() + offset_, message_.data(),
                                      static_cast<int>(message_.size()), &expanded, &length);
  if (status != ARES_SUCCESS) return {};
  const std::unique_ptr<char, decltype(&ares_free_string)> owned(expanded, &ares_free_string);
  offset_ += static_cast<std::size_t>(length);
  std::string text(expanded);
  if (is_cut(text)) return {};
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

std::optional<Header> MessageReader::header() {
  constexpr std::size_t kHeaderOctets = 12;
  if (message_.size() < kHeaderOctets) return {};
  offset_ = 2;  // past the id, which the channel has checked
  Header header;
  header.flags = *u16();
  header.questions = *u16();
  header.answers = *u16();
  header.authorities = *u16();
  offset_ = kHeaderOctets;
  return header;
}

std::optional<RecordKey> MessageReader::question() {
  auto owner = name();
  if (!owner) return {};
  const auto type = u16();
  const auto record_class = u16();
  if (!type || !record_class) return {};
  return RecordKey{std::move(*owner), *type, *record_class};
}

std::optional<Record> MessageReader::record() {
  auto key = question();
  if (!key) return {};
  const auto ttl = u32();
  const auto length = u16();
  if (!ttl || !length || message_.size() - offset_ < *length) return {};
  Record record{.key = std::move(*key), .ttl = *ttl, .octets = {}, .target = {}};
  const std::size_t end = offset_ + *length;
  if (!read_rdata(record, *length)) return {};
  offset_ = end;
  return record;
}

bool MessageReader::read_octets(Record& record, std::size_t length) {
  const auto rdata = message_.subspan(offset_, length);
  record.octets.assign(rdata.begin(), rdata.end());
  if (record.key.type == kTypeTxt) return are_strings(rdata);
  return length == (record.key.type == kTypeA ? 4U : 16U);
}

bool MessageReader::read_service(Record& record) {
  const auto priority = u16();
  const auto weight = u16();
  const auto port = u16();
  if (!priority || !weight || !port) return false;
  record.priority = *priority;
  record.weight = *weight;
  record.port = *port;
  return true;
}

bool MessageReader::read_rdata(Record& record, std::size_t length) {
  if (record.key.record_class != kClassIn) return true;
  const auto type = record.key.type;
  if (type == kTypeA || type == kTypeAaaa || type == kTypeTxt) return read_octets(record, length);
  if (type == kTypeCname || type == kTypeSrv) {
    const std::size_t end = offset_ + length;
    if (type == kTypeSrv && !read_service(record)) return false;
    auto target = name();
    if (!target || offset_ != end) return false;
    record.target = std::move(*target);
  } else if (type == kTypeSoa) {
    if (length < 20) return false;  // five numbers after two names
    offset_ += length - 4;
    record.minimum = *u32();
  }
  return true;
}

}  // namespace egress::cares
