#include "net/conformance/deviations.hpp"

#include <algorithm>
#include <array>

#include "egress/core/limits.hpp"
#include "net/conformance/corpus.hpp"

namespace egress::test::conformance {
namespace {

constexpr std::size_t kMostAddresses = 256;
constexpr std::uint16_t kMostOverUdp = 1232;
constexpr std::size_t kMostAliasesOfUnbound = 11;
constexpr unsigned kRecursionDesired = 0x0100;
constexpr unsigned kYxDomain = 6;

bool is_served(std::uint16_t type) {
  return type == kTypeA || type == kTypeAaaa;
}

bool is_untold(const DnsRecord& record) {
  return is_served(record.type) && points_inside(record.text);
}

// The guard leaves out what the predicate holds for, and nothing else.
template <class Predicate>
bool leaves_out(const Exchange& exchange, Predicate is_left_out) {
  const auto missing = records_beyond(exchange.reference, exchange.guard);
  return !missing.empty() && std::ranges::all_of(missing, is_left_out) &&
         records_beyond(exchange.guard, exchange.reference).empty();
}

bool has_failed(const Exchange& exchange) {
  return exchange.guard.rcode() == kServFail && exchange.guard.answers.empty();
}

bool is_every_address_inside(const Exchange& exchange) {
  return exchange.guard.rcode() == kNxdomain && exchange.guard.answers.empty() &&
         !exchange.reference.answers.empty() &&
         std::ranges::all_of(exchange.reference.answers, is_untold);
}

bool says_that_nothing_is_served(const Exchange& exchange) {
  return !is_served(exchange.question.type) && exchange.guard.rcode() == kNoError &&
         exchange.guard.answers.empty() && exchange.guard.authorities.empty();
}

}  // namespace

std::span<const Deviation> deviations() {
  static const std::vector<Deviation> kDeviations{
      {"a failure says why",
       "RFC 8914: the program, or its user, learns that it was the resolvers",
       {Aspect::extended_error},
       has_failed},
      {"no TTL above max_ttl",
       "an address is kept open for no longer than that and the grace",
       {Aspect::ttl},
       [](const Exchange& exchange) {
         return exchange.name->ttl(exchange.question.type) > kHighestTtl;
       }},
      {"one TTL for all records",
       "the least along the chain: that is for how long the answer counts and its addresses are "
       "open",
       {Aspect::ttl},
       [](const Exchange& exchange) {
         return std::ranges::all_of(exchange.guard.answers, [&](const DnsRecord& record) {
           return record.ttl == exchange.guard.answers.front().ttl;
         });
       }},
      {"aliases in lower case",
       "names are held in one form (RFC 4343: case does not matter); the question keeps its own",
       {Aspect::letter_case},
       [](const Exchange& exchange) { return !exchange.guard.texts(kTypeCname).empty(); }},
      {"no DNAME record",
       "the CNAME made from it says the same about the name (RFC 6672 section 3.1)",
       {Aspect::answers},
       [](const Exchange& exchange) {
         return leaves_out(exchange,
                           [](const DnsRecord& record) { return record.type == kTypeDname; });
       }},
      {"an SOA of its own",
       "negative answers are cached by its owner and TTL (RFC 2308), which are the zone's",
       {Aspect::authority_data},
       [](const Exchange& exchange) {
         const auto& records = exchange.guard.authorities;
         return records.size() == 1 && records.front().type == kTypeSoa;
       }},
      {"256 addresses at most",
       "what one name may put into the table is bounded",
       {Aspect::answers},
       [](const Exchange& exchange) {
         return exchange.guard.texts(exchange.question.type).size() == kMostAddresses &&
                leaves_out(exchange, [&](const DnsRecord& record) {
                  return record.type == exchange.question.type;
                });
       }},
      {"16 addresses at most below a wildcard",
       "the zone's owner can make names without end, and each opens addresses",
       {Aspect::answers, Aspect::truncation},
       [](const Exchange& exchange) {
         const bool is_bounded = exchange.name->text.ends_with(kWildcardZone) &&
                                 !exchange.guard.is_truncated() &&
                                 exchange.guard.texts(exchange.question.type).size() ==
                                     limits::kAddressesPerLearntAnswer;
         return is_bounded && (exchange.reference.is_truncated() ||
                               leaves_out(exchange, [&](const DnsRecord& record) {
                                 return record.type == exchange.question.type;
                               }));
       }},
      {"no address that points inside",
       "guarantee 4: it would not be open",
       {Aspect::answers},
       [](const Exchange& exchange) { return leaves_out(exchange, is_untold); }},
      {"NXDOMAIN where every address points inside",
       "guarantee 4, and the program is told why (RFC 8914)",
       {Aspect::rcode, Aspect::extended_error},
       is_every_address_inside},
      {"a cut reply is empty",
       "RFC 2181 section 9: whoever sees TC asks again over TCP",
       {Aspect::answers, Aspect::authorities},
       [](const Exchange& exchange) {
         return exchange.guard.is_truncated() && exchange.guard.answers.empty();
       }},
      {"no more than 1,232 octets over UDP",
       "larger ones travel in fragments (RFC 9715)",
       {Aspect::truncation},
       [](const Exchange& exchange) {
         return exchange.guard.is_truncated() && exchange.question.edns_size > kMostOverUdp;
       }},
      {"without RD answered like with it",
       "what is held is the whole host's; unbound answers from its cache only",
       {Aspect::flags},
       [](const Exchange& exchange) {
         const unsigned other = exchange.guard.flags ^ exchange.reference.flags;
         return !exchange.question.recursion_desired && (other & ~kTcAndRcode) == kRecursionDesired;
       }},
      {"16 aliases in a row",
       "unbound gives up at 12; a resolver that followed more has done the work already",
       {Aspect::rcode, Aspect::answers},
       [](const Exchange& exchange) {
         return exchange.reference.rcode() == kServFail &&
                exchange.guard.texts(kTypeCname).size() > kMostAliasesOfUnbound;
       },
       Upstream::odd},
      {"aliases are not followed",
       "a pinned resolver follows them itself; names that nobody listed are not asked for",
       {Aspect::answers},
       [](const Exchange& exchange) {
         return exchange.guard.answers.size() == 1 && exchange.guard.answers.front().ttl == 0 &&
                exchange.guard.answers.front().type == kTypeCname &&
                records_beyond(exchange.guard, exchange.reference).empty();
       },
       Upstream::odd},
      {"a referral is SERVFAIL",
       "RFC 2308 section 2.2: it is no absence, and the next resolver is asked",
       {Aspect::rcode},
       [](const Exchange& exchange) {
         return has_failed(exchange) && exchange.reference.rcode() == kNoError &&
                exchange.reference.answers.empty() && exchange.reference.authorities.empty();
       },
       Upstream::odd},
      {"YXDOMAIN is SERVFAIL",
       "no program knows it; the name cannot be (RFC 6672 section 2.2)",
       {Aspect::rcode},
       [](const Exchange& exchange) {
         return has_failed(exchange) && exchange.reference.rcode() == kYxDomain;
       },
       Upstream::odd},
      {"NXDOMAIN holds no address",
       "it says that there is none; what stands beside it opens nothing",
       {Aspect::answers},
       [](const Exchange& exchange) {
         return exchange.guard.rcode() == kNxdomain && exchange.reference.rcode() == kNxdomain &&
                leaves_out(exchange,
                           [](const DnsRecord& record) { return is_served(record.type); });
       },
       Upstream::odd},
      {"other types are NODATA",
       "guarantee 10: nothing is asked for them, and they carry no hints around the sets",
       {Aspect::rcode, Aspect::answers, Aspect::authorities, Aspect::additionals},
       says_that_nothing_is_served},
  };
  return kDeviations;
}

std::vector<Aspect> Summary::add(const Exchange& exchange) {
  std::vector<Aspect> left = differences(exchange);
  ++questions_;
  if (left.empty()) ++equal_;
  for (const Deviation& deviation : deviations()) {
    const auto is_explained = [&](Aspect aspect) {
      return std::ranges::find(deviation.aspects, aspect) != deviation.aspects.end() &&
             deviation.is_meant(exchange);
    };
    if (std::erase_if(left, is_explained) > 0) ++deviating_[deviation.what];
  }
  return left;
}

std::vector<std::string_view> Summary::unseen(Upstream upstream) const {
  std::vector<std::string_view> out;
  for (const Deviation& deviation : deviations())
    if (deviation.upstream == upstream && count(deviation.what) == 0) out.push_back(deviation.what);
  return out;
}

std::size_t Summary::count(std::string_view what) const {
  const auto at = deviating_.find(what);
  return at == deviating_.end() ? 0 : at->second;
}

void Summary::print(std::ostream& out) const {
  out << questions_ << " questions, " << equal_ << " answered alike; in the others:\n";
  for (const Deviation& deviation : deviations())
    if (count(deviation.what) > 0)
      out << "  " << count(deviation.what) << " " << deviation.what << "\n";
}

}  // namespace egress::test::conformance
