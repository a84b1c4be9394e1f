#include "egressctl/verify/outsiders.hpp"

namespace egress::verify {

namespace {

OutsideHost host(std::string_view name, std::initializer_list<std::string_view> addresses) {
  OutsideHost host{*DnsName::parse(name), {}};
  for (const std::string_view address : addresses) host.addresses.push_back(literal(address));
  return host;
}

Outside make() {
  Outside outside;
  outside.hosts = {
      host("google.com", {"142.250.72.14", "2607:f8b0:4005:80a::200e"}),
      host("github.com", {"140.82.112.4", "2606:50c0:8000::153"}),
      host("example.com", {"93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"})};
  // They answer over UDP, TCP, TLS and HTTPS (developers.google.com/speed/public-dns,
  // developers.cloudflare.com/1.1.1.1).
  outside.resolvers = {literal("8.8.8.8"), literal("1.1.1.1"), literal("2001:4860:4860::8888"),
                       literal("2606:4700:4700::1111")};
  outside.doh = {host("dns.google", {"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888"}),
                 host("cloudflare-dns.com", {"1.1.1.1", "104.16.248.249", "2606:4700::6810:f8f9"})};
  // Public zones point them at a host's own loopback and network, so that a page or a program can
  // be led inside.
  outside.inside_names = {*DnsName::parse("localtest.me"), *DnsName::parse("10.0.0.1.nip.io")};
  return outside;
}

}  // namespace

const Outside& well_known() {
  static const Outside kAll = make();
  return kAll;
}

}  // namespace egress::verify
