// What holds for every message that the guard reads, and every reply that it writes to it.
//
// Input: two octets with the length of what the reply is made of (see Described), that, and the
// message. Everything written is read back by the reader of upstream answers.
#include <algorithm>
#include <string>
#include <vector>

#include "egress/guard/message.hpp"
#include "fuzz/dns_reading.hpp"
#include "guard/names.hpp"

namespace egress::guard {
namespace {

using fuzz::holds_nul_label;
using fuzz::is_read;
using fuzz::require;
using fuzz::Span;
using fuzz::u16;

void require_whole(Span reply, bool is_readable) {
  if (is_readable) {
    require(is_read(reply), "an independent reader takes the reply");
    require(!is_read(reply.first(reply.size() - 1)), "nothing follows the last record");
  }
  require((reply[2] & 0x80U) != 0, "QR is set");
  require((reply[2] & 0x04U) == 0 && (reply[3] & 0x60U) == 0, "AA, AD and Z are clear");
}

void check_refusal(Span message, const Octets& reply) {
  const bool deserves_one = message.size() >= 12 && (message[2] & 0x80U) == 0;
  require(reply.empty() != deserves_one, "a reply to what is no response, and only to that");
  if (reply.empty()) return;
  require_whole(reply, u16(reply, 4) == 0 || !holds_nul_label(Span(reply).subspan(12)));
  require(reply.size() <= std::min<std::size_t>(message.size(), 512), "no longer than the message");
  require(u16(reply, 0) == u16(message, 0), "the id is echoed");
  require((reply[2] & 0x79U) == (message[2] & 0x79U), "opcode and RD are echoed");
}

Octets lower(Span name) {
  Octets out(name.begin(), name.end());
  for (auto& octet : out)
    if ('A' <= octet && octet <= 'Z') octet = static_cast<std::uint8_t>(octet - 'A' + 'a');
  return out;
}

void require_same(const std::string& text, Span name, const char* what) {
  WireName back;
  require(back.assign(text.empty() ? "." : text), what);
  require(std::ranges::equal(back.octets(), lower(name)), what);
}

void check_query(Span message, const Query& query) {
  const Span name = query.wire_name();
  require(name.size() + 16 <= message.size() &&
              std::ranges::equal(name, message.subspan(12, name.size())),
          "the name is that of the message");
  require(query.type == u16(message, 12 + name.size()), "the type is that of the message");
  require(!query.edns || (query.edns->udp_size >= 512 && query.edns->version == 0), "EDNS 0");
  require_same(query.name(), name, "the name's text reads back");
  if (holds_nul_label(name)) return;
  cares::MessageReader reader(message);
  const auto question = reader.header() ? reader.question() : std::nullopt;
  require(question.has_value(), "an independent reader takes the question");
  require_same(question->owner, name, "its text reads back");
}

// A reply made of octets: each member takes some from the front.
class Described {
 public:
  Described(Span octets, bool is_v6) : input_(octets) {
    reply.rcode = static_cast<Rcode>(octet() % 6);
    reply.first = octet();
    reply.ttl = octet() * 0x0101'0101U;
    const unsigned flags = octet();
    if ((flags & 1U) != 0) reply.error = ExtendedError::blocked;
    addresses_.assign(octet() * ((flags & 2U) != 0 ? 40U : 1U), address(is_v6));
    zone_ = text();
    error_text_ = text();
    chain_.resize(octet() % 20);
    for (std::string& target : chain_) target = text();
    reply.addresses = addresses_;
    reply.zone = zone_;
    reply.error_text = error_text_;
    reply.chain = chain_;
  }
  Described(const Described&) = delete;
  Described& operator=(const Described&) = delete;

  Reply reply;

  // As octets or escaped; a little more than what really is such a label.
  bool may_hold_nul_label() const {
    const auto may = [](const std::string& text) {
      return text.find('\0') != text.npos || text.find("\\0") != text.npos;
    };
    return may(zone_) || std::ranges::any_of(chain_, may);
  }

 private:
  unsigned octet() { return input_.octet(); }
  std::string text() { return std::string(fuzz::as_text(input_.counted())); }
  static IpAddress address(bool is_v6) {
    return is_v6 ? IpAddress::highest(Family::ipv6) : IpAddress::highest(Family::ipv4);
  }

  fuzz::Input input_;
  std::vector<IpAddress> addresses_;
  std::vector<std::string> chain_;
  std::string zone_;
  std::string error_text_;
};

void check_reply(const Query& query, const Described& described, std::size_t room, Octets& out) {
  const Reply& reply = described.reply;
  write_reply(query, reply, room, out);
  const Span written = out;
  require(written.size() <= room, "the reply fits into the room");
  require_whole(written, !described.may_hold_nul_label() && !holds_nul_label(query.wire_name()));
  require(u16(written, 0) == query.id, "the id is echoed");
  const Span name = query.wire_name();
  require(u16(written, 4) == 1 && std::ranges::equal(name, written.subspan(12, name.size())) &&
              u16(written, 12 + name.size()) == query.type,
          "the question is echoed");
  require(u16(written, 10) == (query.edns ? 1 : 0), "an OPT to who sent one");
  const bool is_cut = (written[2] & 0x02U) != 0;
  const bool is_servfail = (written[3] & 0x0FU) == 2;
  const std::size_t answers = reply.chain.size() + reply.addresses.size();
  require(u16(written, 6) == answers || (u16(written, 6) == 0 && (is_cut || is_servfail)),
          "all answers or none");
}

void check(Span description, Span message) {
  const auto read = read_query(message);
  if (const auto* unusable = std::get_if<Unusable>(&read))
    return check_refusal(message, unusable->reply);
  const auto& query = std::get<Query>(read);
  check_query(message, query);
  const Described described(description, query.type == 28);
  Octets out;
  for (const std::size_t room : {kTcpOctets, room_over_udp(query), kSmallestRoom})
    check_reply(query, described, room, out);
}

}  // namespace
}  // namespace egress::guard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  egress::fuzz::Input input({data, size});
  const auto description = input.take(input.u16());
  egress::guard::check(description, input.rest());
  return 0;
}
