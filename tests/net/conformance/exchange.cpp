#include "net/conformance/exchange.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace egress::test::conformance {
namespace {

// What makes a record the same as another (RFC 2181 section 5; RFC 4343 for the case of letters).
using Key = std::tuple<std::string, std::uint16_t, std::string>;

Key key_of(const DnsRecord& record) {
  return {lower(record.owner), record.type, lower(record.text)};
}

std::map<Key, const DnsRecord*> by_key(const std::vector<DnsRecord>& records) {
  std::map<Key, const DnsRecord*> out;
  for (const DnsRecord& record : records) out[key_of(record)] = &record;
  return out;
}

std::set<std::pair<std::string, std::uint16_t>> owners(const std::vector<DnsRecord>& records) {
  std::set<std::pair<std::string, std::uint16_t>> out;
  for (const DnsRecord& record : records) out.emplace(lower(record.owner), record.type);
  return out;
}

// Two caches have counted down, the resolver's and the forwarder's, each in whole seconds.
bool is_close(std::uint32_t a, std::uint32_t b, std::chrono::seconds age) {
  return std::max(a, b) - std::min(a, b) <= age.count() + 2;
}

bool has_authority_data_differing(const Exchange& exchange) {
  return !std::ranges::equal(exchange.guard.authorities, exchange.reference.authorities, {},
                             &DnsRecord::text, &DnsRecord::text);
}

template <class Differs>
bool any_pair(const Exchange& exchange, Differs differs) {
  const auto reference = by_key(exchange.reference.answers);
  return std::ranges::any_of(exchange.guard.answers, [&](const DnsRecord& record) {
    const auto at = reference.find(key_of(record));
    return at != reference.end() && differs(record, *at->second);
  });
}

bool is_spelt_otherwise(const Exchange& exchange) {
  return any_pair(exchange, [](const DnsRecord& guard, const DnsRecord& reference) {
    return guard.owner != reference.owner || guard.text != reference.text;
  });
}

bool has_other_ttls(const Exchange& exchange) {
  return any_pair(exchange, [&](const DnsRecord& guard, const DnsRecord& reference) {
    return !is_close(guard.ttl, reference.ttl, exchange.age);
  });
}

// Each of the guard's is what is left of the zone's.
bool has_wrong_lifetime(const Exchange& exchange) {
  const std::uint32_t most = std::min(exchange.name->ttl(exchange.question.type), kHighestTtl);
  const auto is_wrong = [&](const DnsRecord& record) {
    return record.ttl > most || !is_close(record.ttl, most, exchange.age);
  };
  return std::ranges::any_of(exchange.guard.answers, is_wrong) ||
         std::ranges::any_of(exchange.guard.authorities, is_wrong);
}

// The question as it came, and the records that the guard says it owns spelt like it.
bool are_questions_echoed(const Exchange& exchange) {
  const std::string owner = lower(exchange.question.name);
  const auto is_spelt_otherwise = [&](const DnsRecord& record) {
    return lower(record.owner) == owner && record.owner != exchange.question.name;
  };
  if (std::ranges::any_of(exchange.guard.answers, is_spelt_otherwise)) return false;
  return std::ranges::all_of(
      std::array{&exchange.guard, &exchange.reference}, [&](const DnsMessage* reply) {
        return reply->name == exchange.question.name && reply->type == exchange.question.type;
      });
}

void print(std::ostream& out, const std::vector<DnsRecord>& records) {
  constexpr std::size_t kShown = 4;
  for (std::size_t i = 0; i < std::min(kShown, records.size()); ++i)
    out << "    " << records[i].owner << " " << records[i].ttl << " type " << records[i].type << " "
        << records[i].text << "\n";
}

void print(std::ostream& out, const char* who, const DnsMessage& reply) {
  out << "  " << who << ": flags " << std::hex << reply.flags << std::dec << ", "
      << reply.answers.size() << " answers, " << reply.authorities.size() << " authorities, ";
  out << (reply.edns_size ? "EDNS " + std::to_string(*reply.edns_size) : "no EDNS") << " "
      << reply.error_text << "\n";
  print(out, reply.answers);
  print(out, reply.authorities);
}

}  // namespace

std::string_view text(Aspect aspect) {
  constexpr std::array<std::string_view, 12> kTexts{
      "rcode", "flags",    "truncation",  "question",       "answers",     "letter case",
      "ttl",   "lifetime", "authorities", "authority data", "additionals", "EDNS"};
  return aspect == Aspect::extended_error ? "extended error"
                                          : kTexts[static_cast<std::size_t>(aspect)];
}

std::ostream& operator<<(std::ostream& out, const Exchange& exchange) {
  const auto& [name, question, over, guard, reference, age] = exchange;
  out << name->kind << ": " << question.name << " type " << question.type
      << (over == Over::tcp ? " TCP" : " UDP")
      << (question.edns_size ? " EDNS " + std::to_string(*question.edns_size) : "") << " after "
      << age.count() << " s\n";
  print(out, "guard    ", guard);
  print(out, "reference", reference);
  return out;
}

std::vector<DnsRecord> records_beyond(const DnsMessage& reply, const DnsMessage& other) {
  const auto known = by_key(other.answers);
  std::vector<DnsRecord> out;
  for (const DnsRecord& record : reply.answers)
    if (!known.contains(key_of(record))) out.push_back(record);
  return out;
}

std::vector<Aspect> differences(const Exchange& exchange) {
  const auto& [name, question, over, guard, reference, age] = exchange;
  std::vector<Aspect> out;
  const auto add_if = [&out](bool differs, Aspect aspect) {
    if (differs) out.push_back(aspect);
  };
  add_if(guard.rcode() != reference.rcode(), Aspect::rcode);
  add_if(((guard.flags ^ reference.flags) & ~kTcAndRcode) != 0, Aspect::flags);
  add_if(guard.is_truncated() != reference.is_truncated(), Aspect::truncation);
  add_if(!are_questions_echoed(exchange), Aspect::question);
  add_if(!records_beyond(guard, reference).empty() || !records_beyond(reference, guard).empty() ||
             by_key(guard.answers).size() != guard.answers.size(),
         Aspect::answers);
  add_if(is_spelt_otherwise(exchange), Aspect::letter_case);
  add_if(has_other_ttls(exchange), Aspect::ttl);
  add_if(has_wrong_lifetime(exchange), Aspect::lifetime);
  const bool has_other_authorities = owners(guard.authorities) != owners(reference.authorities);
  add_if(has_other_authorities, Aspect::authorities);
  add_if(!has_other_authorities && has_authority_data_differing(exchange), Aspect::authority_data);
  add_if(guard.additionals.size() != reference.additionals.size(), Aspect::additionals);
  add_if(guard.edns_size != reference.edns_size || guard.wants_dnssec != reference.wants_dnssec,
         Aspect::edns);
  add_if(guard.extended_error != reference.extended_error, Aspect::extended_error);
  return out;
}

}  // namespace egress::test::conformance
