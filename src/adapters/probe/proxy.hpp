// Whether somebody passes on, to a host that this one may not reach, what he is sent: a proxy. Each
// question is asked once, on a connection of its own.
#pragma once

#include <string>

#include "adapters/probe/talk.hpp"
#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::probe {

// Whom to ask for; no network but a proxy's leads there.
struct Outsider {
  DnsName name;
  IpAddress address;  // IPv4
};

// How it went through, for people: "HTTP CONNECT example.com:443 is granted, and TLS answers
// there". Empty: it did not.
//
// CONNECT counts only if the tunnel can be used (RFC 9110 section 9.3.6): a server that says 200 to
// whatever it is asked is no proxy. An absolute URI (RFC 9112 section 3.2.2) counts only if what it
// brings differs from what the same server says to a plain question for that host, and for a host
// that nobody has.
std::string ask_http_proxy(const Dial& dial, const Outsider& outsider, const Deadline& deadline);

// SOCKS5 (RFC 1928) without a password, and SOCKS4.
std::string ask_socks_proxy(const Dial& dial, const Outsider& outsider, const Deadline& deadline);

}  // namespace egress::probe
