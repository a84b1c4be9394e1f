#include "adapters/probe/dns.hpp"

#include <random>

#include "adapters/probe/stream.hpp"
#include "adapters/probe/udp.hpp"

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
                const Deadline& deadline) {
  const Query query{static_cast<std::uint16_t>(std::random_device{}()), question};
  std::optional<Response> response;
  const auto accepts = [&](Datagram message) {
    response = decode(message, query);
    return response.has_value();
  };
  const auto exchange = transport == Transport::udp ? exchange_udp : exchange_stream;
  Observation seen = exchange(server.address, server.port, encode(query), accepts, deadline);
  return response ? told(std::move(seen), *response, question.type) : seen;
}

}  // namespace egress::probe
