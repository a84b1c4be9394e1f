// What probes send where a program would send a first packet: the least to which a server of the
// protocol answers.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace egress::probe {

using Payload = std::vector<std::uint8_t>;

// A long header of a version that no server speaks (RFC 8999 section 5.1, RFC 9000 section 15), to
// which each answers with those that it does (RFC 9000 section 6.1).
Payload quic_first_packet();

// INIT, with its checksum (RFC 9260 section 3.3.2).
Payload sctp_init();

// A header with a key (RFC 2890 section 2), and nothing in the tunnel. Errors come back only for
// packets of at least eight octets (net/ipv4/icmp.c).
Payload gre_header();

// A timestamp request (RFC 792), with its checksum; Linux answers it.
Payload timestamp_request();
// A query for a node's name (RFC 4620 section 4), whose checksum the kernel fills in.
Payload node_query();

// A ClientHello of TLS 1.2 (RFC 5246 section 7.4.1.2) with the server's name: who speaks TLS
// answers with a handshake or an alert.
Payload tls_first_packet(std::string_view server_name);

// "egressd verify", for protocols in which nobody would answer anything else either.
Payload plain_text();

}  // namespace egress::probe
