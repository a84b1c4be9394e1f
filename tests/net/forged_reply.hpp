// What an upstream says to a question, record by record, true or not.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "support/dns_message.hpp"
#include "support/dns_octets.hpp"
#include "support/servers.hpp"

namespace egress::test {

using guard::test::label;
using guard::test::u16;
using guard::test::u32;
using guard::test::operator+;

inline constexpr unsigned kAnswerFlags = 0x8180;  // QR, RD, RA
inline constexpr std::size_t kHeader = 12;
inline const Bytes kAskedName = u16(0xc00c);  // a pointer to the question's

inline Bytes address_octets(const std::string& address) {
  const bool is_v4 = address.find(':') == std::string::npos;
  Bytes out(is_v4 ? 4 : 16);
  if (inet_pton(is_v4 ? AF_INET : AF_INET6, address.c_str(), out.data()) != 1)
    throw std::invalid_argument(address);
  return out;
}
inline Bytes address_record(const Bytes& owner, const std::string& address,
                            std::uint32_t ttl = 60) {
  const Bytes octets = address_octets(address);
  return guard::test::record(owner, octets.size() == 4 ? kTypeA : kTypeAaaa, ttl, octets);
}
inline Bytes cname(const Bytes& owner, const Bytes& target, std::uint32_t ttl = 60) {
  return guard::test::record(owner, kTypeCname, ttl, target);
}

// The question section as it came, without an OPT record behind it.
inline Bytes question_of(const Bytes& message) {
  const auto end = std::find(message.begin() + kHeader, message.end(), 0);
  return {message.begin() + kHeader, end + 5};
}
inline std::uint16_t type_of(const Bytes& message) {
  const Bytes question = question_of(message);
  return static_cast<std::uint16_t>(question[question.size() - 4] << 8U |
                                    question[question.size() - 3]);
}
struct Sections {
  Bytes answers = {}, authorities = {}, additionals = {};
  unsigned answer_count = 1, authority_count = 0, additional_count = 0;
};
inline Bytes reply(const Bytes& question, const Sections& sections, unsigned flags = kAnswerFlags) {
  return Bytes{question[0], question[1]} + u16(flags) + u16(1) + u16(sections.answer_count) +
         u16(sections.authority_count) + u16(sections.additional_count) + question_of(question) +
         sections.answers + sections.authorities + sections.additionals;
}

}  // namespace egress::test
