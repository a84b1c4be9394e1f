#include "support/dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <utility>

namespace egress::test {
namespace {

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint8_t kNxdomain = 3;
constexpr std::size_t kHeaderOctets = 12;

struct Question {
  std::string name;
  std::uint16_t type = 0;
  std::size_t end = 0;  // offset past the question section
};

std::optional<Question> parse(const Bytes& message) {
  Question question;
  std::size_t at = kHeaderOctets;
  while (at < message.size() && message[at] != 0) {
    const std::size_t length = message[at];
    if (at + length + 1 >= message.size()) return std::nullopt;
    if (!question.name.empty()) question.name += '.';
    question.name.append(message.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                         message.begin() + static_cast<std::ptrdiff_t>(at + length) + 1);
    at += length + 1;
  }
  if (at + 5 > message.size()) return std::nullopt;
  question.type = static_cast<std::uint16_t>(message[at + 1] << 8 | message[at + 2]);
  question.end = at + 5;
  return question;
}

void append(Bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

// An address's octets if it is of the family that was asked for.
std::optional<Bytes> octets(const std::string& address, std::uint16_t type) {
  Bytes out(type == kTypeA ? 4 : 16);
  const int family = type == kTypeA ? AF_INET : AF_INET6;
  if (inet_pton(family, address.c_str(), out.data()) != 1) return std::nullopt;
  return out;
}

void append_record(Bytes& out, std::uint16_t type, std::uint32_t ttl, const Bytes& data) {
  append(out, 0xc00c);  // the name in the question (RFC 1035 section 4.1.4)
  append(out, type);
  append(out, 1);  // IN
  append(out, static_cast<std::uint16_t>(ttl >> 16));
  append(out, static_cast<std::uint16_t>(ttl));
  append(out, static_cast<std::uint16_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
}

Bytes respond(const Bytes& message, const Question& question, const Zone& zone) {
  Bytes out(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(question.end));
  out[2] = 0x85;                                          // QR, AA, RD
  out[3] = static_cast<std::uint8_t>(0x80 | zone.rcode);  // RA
  for (std::size_t i = 6; i < kHeaderOctets; ++i)
    out[i] = 0;  // no answer, authority or additional record yet
  if (zone.rcode != 0 || (question.type != kTypeA && question.type != kTypeAaaa)) return out;
  for (const std::string& address : zone.addresses) {
    const std::optional<Bytes> data = octets(address, question.type);
    if (!data) continue;
    append_record(out, question.type, zone.ttl, *data);
    ++out[7];
  }
  return out;
}

}  // namespace

DnsServer::DnsServer(std::string netns) : netns_(std::move(netns)) {
  start();
}

void DnsServer::set(const std::string& name, Zone zone) {
  const std::lock_guard lock(mutex_);
  zones_[name] = std::move(zone);
}

void DnsServer::stop() {
  server_.reset();
}

void DnsServer::start() {
  server_ = std::make_unique<UdpServer>(netns_, 53,
                                        [this](const Bytes& message) { return answer(message); });
}

std::size_t DnsServer::asked(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

std::optional<Bytes> DnsServer::answer(const Bytes& message) {
  const std::optional<Question> question = parse(message);
  if (!question)
    return message;  // not DNS, as a probe sends it: any answer shows that it got through
  const std::lock_guard lock(mutex_);
  ++asked_[question->name];
  const auto found = zones_.find(question->name);
  const Zone zone =
      found == zones_.end() ? Zone{.addresses = {}, .rcode = kNxdomain} : found->second;
  if (zone.is_silent) return std::nullopt;
  if (zone.lie) return zone.lie(message);
  return respond(message, *question, zone);
}

}  // namespace egress::test
