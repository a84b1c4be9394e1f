// The well-known places outside any policy for agents that `verify` tries to reach.
#pragma once

#include <array>
#include <string_view>

#include "egress/core/dns_name.hpp"
#include "egress/core/ip_address.hpp"

namespace egress::verify {

// Hosts, and an address of each as published in November 2026. The address need not be theirs for
// ever: it only has to lie outside the allow-list.
struct Outsider {
  std::string_view name;
  std::string_view v4;
  std::string_view v6;

  DnsName dns_name() const { return *DnsName::parse(name); }
};
inline constexpr std::array<Outsider, 3> kOutsiders{{
    {"google.com", "142.250.72.14", "2607:f8b0:4005:80a::200e"},
    {"github.com", "140.82.112.4", "2606:50c0:8000::153"},
    {"example.com", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"},
}};

// Resolvers that answer everybody, over UDP, TCP, TLS and HTTPS
// (developers.google.com/speed/public-dns, developers.cloudflare.com/1.1.1.1).
inline constexpr std::array<std::string_view, 4> kForeignResolvers{
    "8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "2606:4700:4700::1111"};

struct DohHost {
  std::string_view name;
  std::array<std::string_view, 3> addresses;
};
inline constexpr std::array<DohHost, 2> kDohHosts{
    {{"dns.google", {"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888"}},
     {"cloudflare-dns.com", {"1.1.1.1", "104.16.248.249", "2606:4700::6810:f8f9"}}}};

// Names that public zones point at a host's own loopback and network, with which a page or a
// program can be led inside.
inline constexpr std::array<std::string_view, 2> kInsideNames{"localtest.me", "10.0.0.1.nip.io"};

inline constexpr Port kDns = 53;
inline constexpr Port kDnsOverTls = 853;  // RFC 7858, and RFC 9250 over QUIC
inline constexpr Port kHttps = 443;
inline constexpr Port kDiscard = 9;  // RFC 863: nobody answers

inline IpAddress literal(std::string_view text) {
  return *IpAddress::parse(text);
}

}  // namespace egress::verify
