#include "adapters/probe/dns.hpp"

#include <random>

#include "adapters/probe/stream.hpp"

namespace egress::probe {

namespace {

// What the exchange saw, and what the answer says.
Observation told(Observation seen, const Response& response, std::uint16_t type) {
  seen.rcode = response.rcode;
  seen.addresses = response.addresses;
  seen.records = response.records;
  seen.is_truncated = response.is_truncated;
  seen.extended_error = response.error;
  const bool is_address = type == kTypeA || type == kTypeAaaa;
  const bool has_data = is_address ? !response.addresses.empty() : response.records > 0;
  if (response.rcode == 0 && has_data) return seen;
  seen.outcome = Outcome::wrong_answer;
  seen.detail = response.rcode == 0 ? "NODATA" : rcode_text(response.rcode);
  return seen;
}

}  // namespace

Observation ask(const Server& server, Transport transport, const Question& question,
                const Deadline& deadline, Tries tries) {
  const Query query{static_cast<std::uint16_t>(std::random_device{}()), question};
  std::optional<Response> response;
  const auto accepts = [&](Datagram message) {
    response = decode(message, query);
    return response.has_value();
  };
  const Remote to{server.address, server.port};
  Observation seen = transport == Transport::udp
                         ? exchange_udp(to, encode(query), accepts, tries, deadline)
                         : exchange_stream(to, encode(query), accepts, tries, deadline);
  return response ? told(std::move(seen), *response, question.type) : seen;
}

}  // namespace egress::probe
