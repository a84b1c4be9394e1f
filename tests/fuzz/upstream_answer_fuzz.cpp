// What holds for every message that a resolver may send: what is taken of it stands in it and
// answers the question, and the guard can tell it on.
//
// Input: an octet that chooses the question, and the message.
#include <algorithm>
#include <set>
#include <vector>

#include "adapters/cares/answer_parser.hpp"
#include "egress/core/limits.hpp"
#include "egress/guard/message.hpp"
#include "fuzz/dns_reading.hpp"
#include "guard/names.hpp"
#include "support/dns_octets.hpp"

namespace egress::cares {
namespace {

using dns::Status;
using fuzz::require;
using fuzz::Span;

// An IN record with this address as its RDATA; what owns it is for the reader to know.
bool stands_in(Span message, const IpAddress& address) {
  const Span octets = address.octets();
  const std::uint8_t type = address.is_v4() ? 1 : 28;
  const auto size = static_cast<std::uint8_t>(octets.size());
  for (auto at = message.begin();; ++at) {
    at = std::search(at, message.end(), octets.begin(), octets.end());
    if (at == message.end()) return false;
    if (at - message.begin() < 10) continue;
    const Span fields(at - 10, at);
    if (fields[0] == 0 && fields[1] == type && fields[2] == 0 && fields[3] == 1 && fields[8] == 0 &&
        fields[9] == size)
      return true;
  }
}

bool is_at_or_below(std::string_view name, std::string_view zone) {
  if (zone == "." || name == zone) return true;
  return name.ends_with("." + std::string(zone));
}

void check_addresses(const dns::Answer& answer, Span message) {
  require(answer.addresses.empty() == (answer.status != Status::ok), "addresses, and only then ok");
  require(answer.addresses.size() <= limits::kAddressesPerAnswer + 1, "number of addresses");
  const std::set<IpAddress> unique(answer.addresses.begin(), answer.addresses.end());
  require(unique.size() == answer.addresses.size(), "no address twice");
  for (const IpAddress& address : answer.addresses) {
    require(address.family() == answer.question.family, "addresses of the family asked for");
    require(stands_in(message, address), "an address is that of a record");
  }
}

void check_answer(const dns::Answer& answer, Span message) {
  check_addresses(answer, message);
  require(answer.ttl >= seconds(0) && answer.ttl < seconds(1LL << 31), "a TTL of RFC 2181");
  require(answer.chain.size() <= limits::kCnameChain, "length of the chain");
  if (answer.status == Status::ok || dns::is_negative(answer.status)) {
    require(message.size() >= 12 && (message[2] & 0xFAU) == 0x80U, "a whole response to a query");
  } else {
    require(answer.status == Status::malformed || answer.status == Status::servfail ||
                answer.status == Status::refused,
            "something came");
    require(answer.chain.empty() && answer.ttl == seconds(0), "a failure says nothing else");
  }
  require(answer.zone.empty() || dns::is_negative(answer.status), "only what is not has a zone");
  const std::string& end = answer.chain.empty() ? answer.question.name.text() : answer.chain.back();
  require(answer.zone.empty() || is_at_or_below(end, answer.zone), "the name is in its zone");
}

bool is_writable(const dns::Answer& answer) {
  guard::WireName name;
  return (answer.zone.empty() || name.assign(answer.zone)) &&
         std::ranges::all_of(answer.chain, [&](const auto& target) { return name.assign(target); });
}

// To a program that asked the same over TCP, as the guard does it.
guard::Octets tell(const dns::Answer& answer) {
  using namespace guard::test;
  const bool is_v4 = answer.question.family == Family::ipv4;
  const auto query = guard::read_query(
      header(0x0100) + question(answer.question.name.text(), is_v4 ? kTypeA : kTypeAaaa));
  const bool is_absent = answer.status == Status::nxdomain;
  const guard::Reply reply{.rcode = is_absent ? guard::Rcode::nxdomain : guard::Rcode::noerror,
                           .chain = answer.chain,
                           .addresses = answer.addresses,
                           .ttl = static_cast<std::uint32_t>(answer.ttl.count()),
                           .zone = answer.zone};
  guard::Octets out;
  guard::write_reply(std::get<guard::Query>(query), reply, guard::kTcpOctets, out);
  return out;
}

void check_told(const dns::Answer& answer) {
  dns::Answer back = parse_answer(answer.question, tell(answer));
  back.chain_ttl = answer.chain_ttl;  // all of it is told with one TTL
  if (!is_writable(answer))
    require(back.status == Status::servfail, "names that cannot be written make a SERVFAIL");
  else
    require(back == answer, "what the guard tells is what it was told");
}

void check(const dns::Question& question, Span message) {
  fuzz::is_read(message);
  const dns::Answer answer = parse_answer(question, message);
  require(answer.question == question, "the question is the one that was asked");
  check_answer(answer, message);
  if (answer.status == Status::ok || dns::is_negative(answer.status)) check_told(answer);
}

}  // namespace
}  // namespace egress::cares

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace egress;
  static const DnsName kName = *DnsName::parse("api.example.com");
  fuzz::Input input({data, size});
  const Family family = input.octet() % 2 == 0 ? Family::ipv4 : Family::ipv6;
  // A copy of its own, so that a read past its end is seen.
  const std::vector<std::uint8_t> message(input.rest().begin(), input.rest().end());
  cares::check({kName, family}, message);
  return 0;
}
