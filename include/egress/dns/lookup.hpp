// A question and what came back.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/time.hpp"

namespace egress::dns {

enum class Records : std::uint8_t {
  addresses,  // A or AAAA
  services,   // SRV (RFC 2782)
  texts,      // TXT
};
std::string_view text(Records records);  // "SRV", "TXT"; of addresses "addresses"

struct Question {
  DnsName name;
  Family family = Family::ipv4;  // A or AAAA; of other records it says nothing, and is ipv4
  Records records = Records::addresses;
  auto operator<=>(const Question&) const = default;
};

enum class Status {
  ok,           // at least one address, or record of the type asked for
  nodata,       // the name exists without such a record (RFC 2308)
  nxdomain,     // RFC 1035 RCODE 3
  servfail,     // RCODE 2
  refused,      // RCODE 5
  malformed,    // an answer that does not parse
  timeout,      // no answer
  unreachable,  // the resolver could not be asked: no route, connection refused, refused by
                // ourselves
};
std::string_view text(Status status);
// Neither an answer nor the word that there is none: worth another try soon.
bool is_failure(Status status);
// The word that there is none: NODATA or NXDOMAIN.
bool is_negative(Status status);

// What an SRV record says.
struct Service {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  Port port = 0;
  std::string target;  // text from the network, quote it before showing; empty: there is no such service
  bool operator==(const Service&) const = default;
};
// The RDATA of a TXT record: strings, each behind an octet with its length.
using Text = std::vector<std::uint8_t>;

struct Answer {
  Question question;
  Status status = Status::ok;
  std::vector<IpAddress> addresses;
  seconds ttl{
      0};  // ok: the least along the CNAME chain, as received; nodata and nxdomain: how long that
           // counts (RFC 2308 section 5, no longer than the chain), 0 when the answer does not say
  std::vector<std::string>
      chain;           // CNAME targets in order; text from the network, quote it before showing
  std::string zone{};  // nodata and nxdomain: the owner of the SOA that says so (RFC 2308), "." for
                       // the root; text from the network
  std::string resolver{};  // who said so
  seconds chain_ttl{0};    // the least of the aliases', as received; 0: there are none
  std::vector<Service> services{};  // of a question for services, in the order of the message
  std::vector<Text> texts{};        // of a question for texts, likewise
  bool operator==(const Answer&) const = default;
};

// The door to DNS. Real: src/adapters/cares. Each question asked gets exactly one answer, later,
// through the callback given at construction of the implementation.
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual void ask(const Question& question) = 0;
};

}  // namespace egress::dns
