#include "egress/dns/doh_endpoints.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace egress::dns {
namespace {

constexpr std::array<std::string_view, 24> kEndpoints{"chrome.cloudflare-dns.com",
                                                      "cloudflare-dns.com",
                                                      "dns-family.adguard.com",
                                                      "dns-unfiltered.adguard.com",
                                                      "dns.adguard-dns.com",
                                                      "dns.adguard.com",
                                                      "dns.alidns.com",
                                                      "dns.cloudflare.com",
                                                      "dns.digitale-gesellschaft.ch",
                                                      "dns.google",
                                                      "dns.google.com",
                                                      "dns.mullvad.net",
                                                      "dns.nextdns.io",
                                                      "dns.quad9.net",
                                                      "dns.sb",
                                                      "dns10.quad9.net",
                                                      "dns11.quad9.net",
                                                      "dns9.quad9.net",
                                                      "doh.cleanbrowsing.org",
                                                      "doh.dns.sb",
                                                      "doh.opendns.com",
                                                      "doh.pub",
                                                      "mozilla.cloudflare-dns.com",
                                                      "one.one.one.one"};

}  // namespace

bool is_doh_endpoint(const DnsName& name) {
  const std::string_view text = name.text();
  return std::ranges::any_of(kEndpoints, [&](std::string_view endpoint) {
    return text.ends_with(endpoint) &&
           (text.size() == endpoint.size() || text[text.size() - endpoint.size() - 1] == '.');
  });
}

}  // namespace egress::dns
