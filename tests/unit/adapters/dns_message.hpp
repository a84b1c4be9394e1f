// Writes DNS messages octet by octet, well-formed or not.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace egress::test {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint16_t kA = 1;
inline constexpr std::uint16_t kNs = 2;
inline constexpr std::uint16_t kCname = 5;
inline constexpr std::uint16_t kSoa = 6;
inline constexpr std::uint16_t kTxt = 16;
inline constexpr std::uint16_t kAaaa = 28;
inline constexpr std::uint16_t kSrv = 33;

inline void put16(Octets& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

inline Octets wire_name(std::string_view name) {
  Octets out;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out.push_back(0);
  return out;
}

// A response with one question and any answer records.
class Response {
 public:
  Response(std::string_view name, std::uint16_t type, unsigned id = 0) {
    put16(octets_, id);
    put16(octets_, 0x8180);  // QR, RD, RA
    put16(octets_, 1);
    for (int i = 0; i < 3; ++i) put16(octets_, 0);
    append(wire_name(name));
    put16(octets_, type);
    put16(octets_, 1);
  }
  // The response to a query as received: its id and its question.
  explicit Response(const Octets& query) : Response("", 0) {
    std::size_t end = 12;
    while (query.at(end) != 0) end += query[end] + 1U;
    octets_.assign(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end + 5));
    set16(2, 0x8180);
    set16(10, 0);  // no additional section
  }

  Response& set16(std::size_t offset, unsigned value) {
    octets_.at(offset) = static_cast<std::uint8_t>(value >> 8U);
    octets_.at(offset + 1) = static_cast<std::uint8_t>(value);
    return *this;
  }
  Response& flags(unsigned value) { return set16(2, value); }
  Response& rcode(unsigned value) { return flags(0x8180U | value); }
  Response& record(std::string_view owner, std::uint16_t type, std::uint32_t ttl,
                   const Octets& rdata, std::uint16_t record_class = 1) {
    append_record(owner, type, ttl, rdata, record_class);
    return set16(6, ++answers_);
  }
  // In the authority section: after all answers. Its last field is for how long an absence counts.
  Response& soa(std::string_view zone, std::uint32_t ttl, std::uint32_t minimum) {
    Octets rdata(2 + 16);  // two root names and four numbers
    put16(rdata, minimum >> 16U);
    put16(rdata, minimum & 0xFFFFU);
    return authority(zone, kSoa, ttl, rdata);
  }
  Response& ns(std::string_view zone, std::string_view server) {
    return authority(zone, kNs, 60, wire_name(server));
  }
  Response& a(std::string_view owner, std::uint32_t ttl, const std::string& address) {
    Octets rdata(4);
    inet_pton(AF_INET, address.c_str(), rdata.data());
    return record(owner, kA, ttl, rdata);
  }
  Response& aaaa(std::string_view owner, std::uint32_t ttl, const std::string& address) {
    Octets rdata(16);
    inet_pton(AF_INET6, address.c_str(), rdata.data());
    return record(owner, kAaaa, ttl, rdata);
  }
  Response& srv(std::string_view owner, std::uint32_t ttl, unsigned port, std::string_view target) {
    Octets rdata;
    for (const unsigned field : {1U, 2U, port}) put16(rdata, field);
    const Octets name = wire_name(target);
    rdata.insert(rdata.end(), name.begin(), name.end());
    return record(owner, kSrv, ttl, rdata);
  }
  Response& cname(std::string_view owner, std::uint32_t ttl, std::string_view target) {
    return record(owner, kCname, ttl, wire_name(target));
  }

  const Octets& octets() const { return octets_; }

 private:
  Response& authority(std::string_view owner, std::uint16_t type, std::uint32_t ttl,
                      const Octets& rdata) {
    append_record(owner, type, ttl, rdata, 1);
    return set16(8, ++authorities_);
  }
  void append_record(std::string_view owner, std::uint16_t type, std::uint32_t ttl,
                     const Octets& rdata, std::uint16_t record_class) {
    append(wire_name(owner));
    put16(octets_, type);
    put16(octets_, record_class);
    put16(octets_, ttl >> 16U);
    put16(octets_, ttl & 0xFFFFU);
    put16(octets_, static_cast<unsigned>(rdata.size()));
    append(rdata);
  }
  void append(const Octets& more) { octets_.insert(octets_.end(), more.begin(), more.end()); }

  Octets octets_;
  unsigned answers_ = 0, authorities_ = 0;
};

}  // namespace egress::test
