#include "adapters/probe/dns.hpp"

#include <random>

#include "adapters/probe/udp.hpp"

namespace egress::probe {

Observation ask_udp(const Server& server, const DnsName& name, Family family,
                    const Deadline& deadline) {
  const Query query{static_cast<std::uint16_t>(std::random_device{}()), name, family};
  std::optional<Response> response;
  const auto accepts = [&](Datagram message) {
    response = decode(message, query);
    return response.has_value();
  };
  Observation seen = exchange_udp(server.address, server.port, encode(query), accepts, deadline);
  if (!response) return seen;
  seen.rcode = response->rcode;
  seen.addresses = response->addresses;
  if (response->rcode == 0 && !seen.addresses.empty()) return seen;
  seen.outcome = Outcome::wrong_answer;
  seen.detail = response->rcode == 0 ? "NODATA" : rcode_text(response->rcode);
  return seen;
}

}  // namespace egress::probe
