// The guard on a host in memory, and a program that asks it.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "egress/guard/guard.hpp"
#include "support/dns_octets.hpp"
#include "support/guarded_host.hpp"
#include "support/reply_text.hpp"

namespace egress::guard::test {

using egress::test::GuardedHost;

inline constexpr unsigned kA = 1, kAaaa = 28, kTxt = 16, kHttps = 65, kAny = 255;

inline DnsName name_of(std::string_view text) {
  return *DnsName::parse(text);
}

class GuardTest : public testing::Test {
 protected:
  // What comes back at once, as reply_text() puts it; empty: nothing yet.
  std::vector<std::string> ask(std::string_view name, unsigned type = kA, Client client = {}) {
    host.take(header(0x0100, {1, 0, 0, 1}) + question(name, type) + opt(), client);
    return replies();
  }
  std::vector<std::string> replies() {
    std::vector<std::string> texts;
    for (const GuardedHost::Sent& sent : last = host.take_sent())
      texts.push_back(reply_text(sent.message));
    return texts;
  }
  std::string text_of_last() const {
    return {last.back().message.begin(), last.back().message.end()};
  }
  bool knows_notice(std::string_view event) const {
    return std::ranges::any_of(host.notices(),
                               [&](const auto& notice) { return notice.event == event; });
  }
  std::uint64_t count(Verdict verdict) const { return host.guard().journal().count(verdict); }

  // Of every element by name when the last answer left.
  void expect_open_for(seconds duration) const {
    std::size_t elements = 0;
    for (const nft::LiveElement& element : last.back().table.elements) {
      if (element.key.set != nft::SetId::allow) continue;
      EXPECT_GE(element.expires, duration);
      ++elements;
    }
    EXPECT_GT(elements, 0u);
  }

  GuardedHost host;
  std::vector<GuardedHost::Sent> last;
};

}  // namespace egress::guard::test
