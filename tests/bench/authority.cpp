#include "bench/authority.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

#include "support/address.hpp"
#include "support/lab.hpp"

namespace egress::bench {
namespace {

// RFC 1035 section 4.1.1 and 3.2.2, RFC 3596.
constexpr std::size_t kHeader = 12;
constexpr std::uint8_t kNxdomain = 3;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;

struct Parsed {
  std::size_t name = 0;
  std::uint16_t type = 0;
  std::size_t end = 0;  // past the question section
};

// The number in the first label ("n42"), and where the question ends.
std::optional<Parsed> parse(const Bytes& message) {
  Parsed parsed;
  std::size_t at = kHeader;
  while (at < message.size() && message[at] != 0) at += message[at] + 1U;
  if (at + 5 > message.size() || message[kHeader] < 2) return {};
  const char* label = reinterpret_cast<const char*>(message.data()) + kHeader + 1;
  const auto [end, error] = std::from_chars(label + 1, label + message[kHeader], parsed.name);
  if (label[0] != 'n' || error != std::errc() || end != label + message[kHeader]) return {};
  parsed.type = static_cast<std::uint16_t>(message[at + 1] << 8 | message[at + 2]);
  parsed.end = at + 5;
  return parsed;
}

void append(Bytes& out, std::uint32_t value, int octets) {
  while (octets-- > 0) out.push_back(static_cast<std::uint8_t>(value >> (8 * octets)));
}

// 20.0.0.0/8 and 2001:db8:b::/96: in the lab every address is the internet's.
constexpr std::uint32_t kFirstIpv4 = 20U << 24;

void append_record(Bytes& out, std::uint16_t type, std::uint32_t ttl, std::uint32_t index) {
  append(out, 0xc00c, 2);  // the name in the question (RFC 1035 section 4.1.4)
  append(out, type, 2);
  append(out, 1, 2);  // IN
  append(out, ttl, 4);
  append(out, type == kTypeA ? 4 : 16, 2);
  if (type == kTypeA) return append(out, kFirstIpv4 + index, 4);
  for (const std::uint32_t word : {0x20010db8U, 0x000b0000U, 0U, index}) append(out, word, 4);
}

int listen_in(const std::string& netns) {
  return test::in_namespace(netns, [] {
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int room = 8 << 20;
    const timeval tick{.tv_sec = 0, .tv_usec = 50'000};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    const test::SocketAddress here(test::kResolver, 53);
    if (bind(descriptor, here.get(), here.length) != 0)
      throw std::system_error(errno, std::generic_category(), "bind");
    return descriptor;
  });
}

}  // namespace

std::string name(std::size_t i) {
  return "n" + std::to_string(i) + ".bench.example";
}

std::string address(std::size_t i, std::size_t n, std::size_t addresses_per_name) {
  const std::size_t value = kFirstIpv4 + 1 + i * addresses_per_name + n;
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += std::to_string(value >> shift & 0xff) + (shift > 0 ? "." : "");
  return text;
}

Authority::Authority(const std::string& netns, Records records)
    : records_(records),
      questions_(records.names),
      socket_(listen_in(netns)),
      thread_([this] { serve(); }) {}

Authority::~Authority() {
  is_stopping_ = true;
  thread_.join();
  close(socket_);
}

void Authority::serve() {
  while (!is_stopping_) {
    Bytes question(512);
    sockaddr_in client{};
    socklen_t length = sizeof client;
    auto* const address = reinterpret_cast<sockaddr*>(&client);
    const ssize_t size = recvfrom(socket_, question.data(), question.size(), 0, address, &length);
    if (size < static_cast<ssize_t>(kHeader)) continue;
    question.resize(static_cast<std::size_t>(size));
    const Bytes out = answer(question);
    sendto(socket_, out.data(), out.size(), 0, address, length);
  }
}

Bytes Authority::answer(const Bytes& question) {
  const std::optional<Parsed> parsed = parse(question);
  Bytes out(question.begin(),
            question.begin() + static_cast<std::ptrdiff_t>(parsed ? parsed->end : kHeader));
  const bool is_known = parsed && parsed->name < records_.names;
  out[2] = 0x85;  // QR, AA, RD
  out[3] = is_known ? 0 : kNxdomain;
  std::fill(out.begin() + (parsed ? 6 : 4), out.begin() + kHeader, std::uint8_t{0});
  if (!is_known || (parsed->type != kTypeA && parsed->type != kTypeAaaa)) return out;
  const bool is_ipv6 = parsed->type == kTypeAaaa;
  const std::size_t count = is_ipv6 ? records_.ipv6 : records_.ipv4;
  out[7] = static_cast<std::uint8_t>(count);
  for (std::size_t n = 0; n < count; ++n)
    append_record(out, parsed->type, records_.ttl,
                  static_cast<std::uint32_t>(1 + parsed->name * count + n));
  note(parsed->name, is_ipv6);
  return out;
}

void Authority::note(std::size_t name, bool is_ipv6) {
  const std::lock_guard lock(mutex_);
  Question& question = questions_[name][is_ipv6 ? 1 : 0];
  const SteadyTime time = now();
  const double gap = std::chrono::duration<double>(time - question.last).count();
  if (question.answers++ > 0) question.longest_gap = std::max(question.longest_gap, gap);
  question.last = time;
}

std::size_t Authority::answered() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& families : questions_)
    for (const Question& question : families) count += question.answers > 0 ? 1 : 0;
  return count;
}

std::vector<double> Authority::longest_gaps() const {
  const std::lock_guard lock(mutex_);
  std::vector<double> gaps;
  for (const auto& families : questions_)
    for (const Question& question : families)
      gaps.push_back(std::max(question.longest_gap, elapsed(question.last) / 1000));
  return gaps;
}

std::size_t Authority::answers() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& families : questions_)
    for (const Question& question : families) count += question.answers;
  return count;
}

}  // namespace egress::bench
