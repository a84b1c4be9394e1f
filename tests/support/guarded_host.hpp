// The guard, the engine and a kernel in memory, turned by hand as the daemon does it; the resolvers
// are the test.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "egress/guard/guard.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_kernel.hpp"

namespace egress::test {

class GuardedHost {
 public:
  // A message that left, and what the kernel held at that moment.
  struct Sent {
    guard::Client client;
    guard::Octets message;
    nft::Snapshot table;
  };

  GuardedHost();

  void set_policy(std::vector<policy::AllowEntry> entries, policy::DnsSettings dns = {});
  void tell(const engine::Event& event);
  // One message from a program, and the turn of the loop that follows.
  void take(std::span<const std::uint8_t> message, const guard::Client& client = {});
  // What the resolvers say; false if they were not asked.
  bool answer(dns::Answer answer);
  bool answer(std::string_view name, std::vector<std::string> addresses, seconds ttl = seconds(60));
  bool fail(std::string_view name, Family family, dns::Status status);
  void pass(milliseconds duration);
  void turn();

  std::vector<Sent> take_sent() { return std::exchange(sent_, {}); }
  // Questions that the resolvers owe an answer to.
  const std::vector<dns::Question>& asked() const { return asked_; }
  const std::vector<engine::Notice>& notices() const { return notices_; }
  const engine::Engine& engine() const { return engine_; }
  const guard::Guard& guard() const { return guard_; }
  FakeKernel& kernel() { return kernel_; }
  FakeClock& clock() { return clock_; }
  std::optional<std::uint32_t> user = 1000;  // whose sockets the clients' are

 private:
  void carry_out(const engine::Action& action);

  FakeClock clock_;
  FakeKernel kernel_{clock_};
  engine::Engine engine_;
  guard::Guard guard_;
  std::vector<Sent> sent_;
  std::vector<dns::Question> asked_;
  std::vector<engine::Notice> notices_;
};

// An allow entry without further options.
policy::AllowEntry allow_entry(policy::Destination destination, Port port = 443);
// "*.example.com" or ".example.com".
policy::Wildcard wildcard(std::string_view text);

}  // namespace egress::test
