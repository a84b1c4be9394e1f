#include <algorithm>
#include <cassert>

#include "egress/core/limits.hpp"
#include "egress/guard/message.hpp"
#include "guard/edns.hpp"
#include "guard/name_writer.hpp"
#include "guard/names.hpp"
#include "guard/wire.hpp"

namespace egress::guard {
namespace {

constexpr std::size_t kQuestionOctets = 4;  // beside the name
constexpr std::size_t kRecordOctets = 12;   // of a record whose owner is a pointer, without RDATA
constexpr std::size_t kSoaOctets = kRecordOctets + 2 * kWireNameOctets + 1 + 20;

constexpr std::size_t kServiceOctets = 6;  // of an SRV record's RDATA before its target

enum class Written { whole, cut, unwritable };

std::size_t octets_of(std::span<const dns::Text> texts) {
  std::size_t octets = 0;
  for (const dns::Text& text : texts) octets += kRecordOctets + text.size();
  return octets;
}

std::size_t most_octets(const Query& query, const Reply& reply) {
  return kHeaderOctets + query.name_length + kQuestionOctets +
         reply.chain.size() * (kRecordOctets + kWireNameOctets) +
         reply.addresses.size() * (kRecordOctets + 16) +
         reply.services.size() * (kRecordOctets + kServiceOctets + kWireNameOctets) +
         octets_of(reply.texts) + (reply.zone.empty() ? 0 : kSoaOctets) + kOptOctets +
         kExtendedErrorOctets + std::min(reply.error_text.size(), kErrorTextOctets);
}

struct Header {
  unsigned flags = 0;  // and the rcode, beside those that every reply has
  std::size_t answers = 0;
  std::size_t authorities = 0;
};

void write_start(Writer& writer, const Query& query, const Header& header) {
  writer.u16(query.id);
  writer.u16(kFlagQr | kFlagRa | (query.recursion_desired ? kFlagRd : 0U) |
             (query.checking_disabled ? kFlagCd : 0U) | header.flags);
  writer.u16(1);
  writer.u16(static_cast<unsigned>(header.answers));
  writer.u16(static_cast<unsigned>(header.authorities));
  writer.u16(query.edns ? 1 : 0);
  writer.octets(query.wire_name());
  writer.u16(query.type);
  writer.u16(kClassIn);
}

// What stands between a record's owner and its RDATA, whose length follows.
void write_fields(Writer& writer, Type type, std::uint32_t ttl) {
  writer.u16(static_cast<unsigned>(type));
  writer.u16(kClassIn);
  writer.u32(ttl);
}

// Each record is owned by the target before it. `owner` is where the question's name stands, and
// then where the end of the chain does; the chain is too short for it to be out of a pointer's
// reach.
bool write_chain(Writer& writer, NameWriter& names, const Reply& reply, std::size_t& owner) {
  if (reply.chain.size() > limits::kCnameChain) return false;
  WireName target;
  for (const std::string& text : reply.chain) {
    if (!target.assign(text)) return false;
    writer.u16(kPointer | static_cast<unsigned>(owner));
    write_fields(writer, Type::cname, reply.ttl);
    const std::size_t length_at = writer.size();
    writer.u16(0);
    owner = names.write(target.octets());
    writer.length_at(length_at);
  }
  return true;
}

void write_address(Writer& writer, const IpAddress& address, std::size_t owner, std::uint32_t ttl) {
  const auto octets = address.octets();
  writer.u16(kPointer | static_cast<unsigned>(owner));
  write_fields(writer, address.is_v4() ? Type::a : Type::aaaa, ttl);
  writer.u16(static_cast<unsigned>(octets.size()));
  writer.octets(octets);
}

void write_addresses(Writer& writer, const Reply& reply, std::size_t owner) {
  const std::size_t count = reply.addresses.size();
  for (std::size_t i = 0; i < count && writer.fits(); ++i)
    write_address(writer, reply.addresses[(reply.first + i) % count], owner, reply.ttl);
}

// Targets are not compressed (RFC 2782).
bool write_services(Writer& writer, const Reply& reply, std::size_t owner) {
  WireName target;
  for (const dns::Service* service : reply.services) {
    if (!target.assign(service->target)) return false;
    writer.u16(kPointer | static_cast<unsigned>(owner));
    write_fields(writer, Type::srv, reply.ttl);
    writer.u16(static_cast<unsigned>(kServiceOctets + target.octets().size()));
    for (const unsigned field : {service->priority, service->weight, service->port})
      writer.u16(field);
    writer.octets(target.octets());
  }
  return true;
}

void write_texts(Writer& writer, const Reply& reply, std::size_t owner) {
  for (const dns::Text& text : reply.texts) {
    writer.u16(kPointer | static_cast<unsigned>(owner));
    write_fields(writer, Type::txt, reply.ttl);
    writer.u16(static_cast<unsigned>(text.size()));
    writer.octets(text);
  }
}

// What an authority for a zone of its own would say (RFC 6303 section 3); the last number is for
// how long the absence may be believed (RFC 2308 section 5).
bool write_soa(Writer& writer, NameWriter& names, const Reply& reply) {
  WireName zone;
  if (!zone.assign(reply.zone)) return false;
  names.write(zone.octets());
  write_fields(writer, Type::soa, reply.ttl);
  const std::size_t length_at = writer.size();
  writer.u16(0);
  names.write(zone.octets());  // MNAME
  writer.u8(0);                // RNAME: the root, there is no mailbox
  for (const std::uint32_t number : {1U, 3600U, 1200U, 604'800U, reply.ttl}) writer.u32(number);
  writer.length_at(length_at);
  return true;
}

Written write_records(Writer& writer, const Query& query, const Reply& reply) {
  NameWriter names(writer);
  std::size_t owner = kHeaderOctets;
  names.note(query.wire_name(), owner);
  if (!write_chain(writer, names, reply, owner)) return Written::unwritable;
  write_addresses(writer, reply, owner);
  if (!write_services(writer, reply, owner)) return Written::unwritable;
  write_texts(writer, reply, owner);
  if (!reply.zone.empty() && !write_soa(writer, names, reply)) return Written::unwritable;
  const bool fits = writer.fits() && (!query.edns || writer.left() >= kOptOctets);
  return fits ? Written::whole : Written::cut;
}

std::size_t answers_of(const Reply& reply) {
  return reply.chain.size() + reply.addresses.size() + reply.services.size() + reply.texts.size();
}

OptFields opt_fields(const Query& query, const Reply& reply) {
  return {reply.rcode, query.edns && query.edns->wants_dnssec, reply.error, reply.error_text};
}

}  // namespace

void write_reply(const Query& query, const Reply& reply, std::size_t room, Octets& out) {
  assert(room >= kSmallestRoom && (reply.rcode != Rcode::badvers || query.edns));
  out.resize(std::min({room, kTcpOctets, most_octets(query, reply)}));
  Writer writer(out);
  OptFields opt = opt_fields(query, reply);
  const unsigned rcode = static_cast<unsigned>(reply.rcode) & kFlagsRcode;
  write_start(writer, query, {rcode, answers_of(reply), reply.zone.empty() ? 0U : 1U});
  const Written written = write_records(writer, query, reply);
  if (written != Written::whole) writer.rewind(0);
  if (written == Written::cut) write_start(writer, query, {kFlagTc | rcode});
  if (written == Written::unwritable) {
    opt = {Rcode::servfail, opt.wants_dnssec, {}, {}};
    write_start(writer, query, {static_cast<unsigned>(Rcode::servfail)});
  }
  if (query.edns) write_opt(writer, opt);
  out.resize(writer.size());
}

}  // namespace egress::guard
