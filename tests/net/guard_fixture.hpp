// A lab whose host asks through the DNS guard.
#pragma once

#include <optional>
#include <string>

#include "net/net_test.hpp"
#include "support/dns_client.hpp"

namespace egress::test {

inline constexpr std::uint16_t kBlocked = 15;     // RFC 8914 section 4.16
inline constexpr std::uint16_t kStaleAnswer = 3;  // section 4.4
inline constexpr const char* kPublic4 = "8.8.8.8";
inline constexpr const char* kPublic6 = "2001:4860:4860::8888";
inline constexpr const char* kResolver6 = "2001:db8:77::1";

class GuardTest : public NetTest {
 protected:
  GuardTest() {
    dns.set("api.openai.com", {.addresses = {kApi4, kApi6}});
    dns.set("github.com", {.addresses = {kOther4, kOther6}});
  }

  std::optional<DnsMessage> ask(const DnsServerAddress& server, const std::string& name,
                                std::uint16_t type = kTypeA) {
    return test::ask(lab.host(), server, {.name = name, .type = type});
  }
  // The system's resolver, over UDP.
  std::optional<DnsMessage> ask(const std::string& name, std::uint16_t type = kTypeA) {
    return ask(DnsServerAddress{kResolver}, name, type);
  }
};

// What a client learns from a reply that must be there.
inline unsigned rcode_of(const std::optional<DnsMessage>& reply) {
  constexpr unsigned kNothing = 99;
  return reply ? reply->rcode() : kNothing;
}
inline bool is_blocked(const std::optional<DnsMessage>& reply, unsigned rcode = kNxdomain) {
  return rcode_of(reply) == rcode && reply->extended_error == kBlocked && reply->answers.empty();
}

}  // namespace egress::test
