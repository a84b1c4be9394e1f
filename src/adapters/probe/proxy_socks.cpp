#include "adapters/probe/proxy.hpp"
#include "adapters/probe/udp_packet.hpp"

namespace egress::probe {

namespace {

constexpr Port kHttps = 443;
// A greeting is answered at once, by who knows it, so after as long as the connection took to
// come about, or a few times that; a request not before its host has answered.
constexpr std::chrono::milliseconds kGreeting{150};
constexpr int kWays = 4;

void put_port(Octets& out) {
  out.push_back(static_cast<std::uint8_t>(kHttps >> 8U));
  out.push_back(static_cast<std::uint8_t>(kHttps));
}

void put(Octets& out, std::span<const std::uint8_t> more) {
  out.insert(out.end(), more.begin(), more.end());
}

// RFC 1928 section 4: by address, which takes no resolver.
bool grants5(Talk& talk, const IpAddress& address, const Deadline& greeting,
             const Deadline& deadline) {
  using namespace std::string_literals;
  if (!talk.say(Octets{5, 1, 0}, deadline) || talk.hear(2, greeting) != "\5\0"s) return false;
  Octets request{5, 1, 0, 1};
  put(request, address.octets());
  put_port(request);
  return talk.say(request, deadline) && talk.hear(3, deadline) == "\5\0\0"s;
}

bool grants4(Talk& talk, const IpAddress& address, const Deadline& deadline) {
  using namespace std::string_literals;
  constexpr std::size_t kReply = 8;
  Octets request{4, 1};
  put_port(request);
  put(request, address.octets());
  request.push_back(0);  // no user
  if (!talk.say(request, deadline)) return false;
  const std::string reply = talk.hear(kReply, deadline);
  return reply.size() == kReply && reply.starts_with("\0\x5a"s);
}

}  // namespace

std::string ask_socks_proxy(const Dial& dial, const Outsider& outsider, const Deadline& deadline) {
  const std::string granted = " to " + outsider.address.text() + ":443 is granted";
  const Deadline way = deadline.within(deadline.left());
  const auto fifth = dial(deadline);
  const auto patience =
      kGreeting + kWays * std::chrono::ceil<std::chrono::milliseconds>(way.elapsed());
  if (fifth && grants5(*fifth, outsider.address, deadline.within(patience), deadline))
    return "SOCKS5" + granted;
  const auto fourth = fifth ? dial(deadline) : nullptr;
  if (fourth && grants4(*fourth, outsider.address, deadline)) return "SOCKS4" + granted;
  return {};
}

}  // namespace egress::probe
