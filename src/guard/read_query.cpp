#include <algorithm>

#include "egress/guard/message.hpp"
#include "guard/edns.hpp"
#include "guard/names.hpp"
#include "guard/wire.hpp"

namespace egress::guard {
namespace {

constexpr std::size_t kCounts = 4;  // where the four counts of records begin
constexpr std::size_t kTypeAndClassOctets = 4;

struct Question {
  std::span<const std::uint8_t> octets;  // as it came: name, type, class
  std::uint16_t record_class() const { return load_u16(octets, octets.size() - 2); }
  std::uint16_t type() const { return load_u16(octets, octets.size() - 4); }
  std::span<const std::uint8_t> name() const {
    return octets.first(octets.size() - kTypeAndClassOctets);
  }
};

std::uint16_t flags_of(std::span<const std::uint8_t> message) {
  return load_u16(message, 2);
}

// No octets unless there is exactly one, and without compression: there is nothing to point to.
Question question_of(std::span<const std::uint8_t> message) {
  if (load_u16(message, kCounts) != 1) return {};
  const auto rest = message.subspan(kHeaderOctets);
  const std::size_t name = wire_name_length(rest);
  if (name == 0 || rest.size() - name < kTypeAndClassOctets) return {};
  return {rest.first(name + kTypeAndClassOctets)};
}

// The additional section of a query holds an OPT or nothing. TSIG and SIG(0) are records that we do
// not know there, as to any server from before them: FORMERR (RFC 8945 section 5.2 asks for more
// only of servers that implement it).
bool read_additional(std::span<const std::uint8_t> message, std::size_t at, Query& query) {
  const auto rest = message.subspan(at);
  if (load_u16(message, kCounts + 6) == 0) return rest.empty();
  query.edns = read_opt(rest);
  return load_u16(message, kCounts + 6) == 1 && query.edns.has_value();
}

void take(const Question& question, std::span<const std::uint8_t> message, Query& query) {
  const auto name = question.name();
  query.id = load_u16(message, 0);
  query.recursion_desired = (flags_of(message) & kFlagRd) != 0;
  query.checking_disabled = (flags_of(message) & kFlagCd) != 0;
  std::copy(name.begin(), name.end(), query.name_octets.begin());
  query.name_length = static_cast<std::uint8_t>(name.size());
  query.type = question.type();
}

// Other classes are REFUSED, which is what unbound says of a class that it has no zones of: the
// question is in order, it is only not for us. TC is FORMERR there too: no query is cut short.
Rcode read(std::span<const std::uint8_t> message, const Question& question, Query& query) {
  const std::uint16_t flags = flags_of(message);
  if ((flags & kFlagsOpcode) != 0) return Rcode::notimp;
  if ((flags & kFlagTc) != 0 || question.octets.empty()) return Rcode::formerr;
  const bool has_answers = load_u16(message, kCounts + 2) != 0;
  const bool has_authorities = load_u16(message, kCounts + 4) != 0;
  if (has_answers || has_authorities) return Rcode::formerr;
  take(question, message, query);
  if (!read_additional(message, kHeaderOctets + question.octets.size(), query))
    return Rcode::formerr;
  if (query.edns && query.edns->version != 0) return Rcode::badvers;
  return question.record_class() == kClassIn ? Rcode::noerror : Rcode::refused;
}

// The header's id, opcode and RD (RA beside it where recursion is what was asked of us), the
// question if there is one, and an OPT to a client whose own was understood (RFC 6891
// sections 6.1.1 and 7). Never longer than what it answers.
Octets refusal(std::span<const std::uint8_t> message, const Question& question, Rcode rcode,
               const std::optional<Edns>& edns) {
  Octets reply(kHeaderOctets + question.octets.size() + (edns ? kOptOctets : 0));
  Writer writer(reply);
  const bool is_understood = rcode == Rcode::badvers || rcode == Rcode::refused;
  writer.u16(load_u16(message, 0));
  writer.u16(kFlagQr | (flags_of(message) & (kFlagsOpcode | kFlagRd)) |
             (is_understood ? kFlagRa : 0U) | (static_cast<unsigned>(rcode) & kFlagsRcode));
  writer.u16(question.octets.empty() ? 0 : 1);
  writer.u32(0);
  writer.u16(edns ? 1 : 0);
  writer.octets(question.octets);
  if (edns) write_opt(writer, {rcode, edns->wants_dnssec, {}, {}});
  return reply;
}

}  // namespace

std::string Query::name() const {
  return name_text(wire_name());
}

std::variant<Query, Unusable> read_query(std::span<const std::uint8_t> message) {
  if (message.size() < kHeaderOctets || (flags_of(message) & kFlagQr) != 0) return Unusable{};
  std::variant<Query, Unusable> result;
  auto& query = std::get<Query>(result);
  const Question question = question_of(message);
  if (const Rcode rcode = read(message, question, query); rcode != Rcode::noerror)
    result = Unusable{refusal(message, question, rcode, query.edns)};
  return result;
}

}  // namespace egress::guard
