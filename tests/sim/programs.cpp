// The programs of the simulated host: they ask the guard, and hold it to what it releases.
#include <algorithm>

#include "adapters/cares/answer_parser.hpp"
#include "egress/core/limits.hpp"
#include "sim/world.hpp"
#include "support/dns_octets.hpp"

namespace egress::sim {
namespace {

using namespace std::chrono_literals;

using guard::test::operator+;

constexpr Port kLastClient = 60'000;

}  // namespace

void World::ask_guard() {
  if (!engine::is_guarded(engine_->inputs())) return;
  const std::string number = std::to_string(below(random_, 16));  // some of them do not exist
  const std::string name =
      one_in(random_, 8) ? "n" + number + ".example.net" : "n" + number + ".example.com";
  const Family family = one_in(random_, 2) ? Family::ipv4 : Family::ipv6;
  guard::Client client;
  client.transport = Transport::tcp;  // nothing is cut
  client.port = static_cast<Port>(1 + below(random_, kLastClient));
  if (clients_.contains(client.port)) return;
  clients_[client.port] = {{*DnsName::parse(name), family}, clock_.now()};
  guard_->take(
      client,
      guard::test::header(0x0100) + guard::test::question(name, family == Family::ipv4 ? 1 : 28),
      clock_.now());
}

void World::see_reply(const guard::Client& client, std::span<const std::uint8_t> message) {
  const auto at = clients_.find(client.port);
  if (at == clients_.end()) return complain("an answer that nobody asked for, or a second one");
  const dns::Question question = at->second.first;
  clients_.erase(at);
  const dns::Answer answer = cares::parse_answer(question, message);
  if (answer.status == dns::Status::malformed) complain("the guard's answer does not parse");
  if (answer.status == dns::Status::ok) check_released(answer);
}

// Every address ever released was in the kernel's table at that moment (unless somebody else had
// just flushed it), of an allowed name, and stays there for the TTL and the grace.
void World::check_released(const dns::Answer& answer) {
  const DnsName& name = answer.question.name;
  if (!witness_.names(name)) return complain(name.text() + " was released and is not allowed");
  if (is_flushed_) return;
  const auto live = kernel_.read(engine::compile_base(engine_->inputs()));
  const bool is_boxed = std::ranges::any_of(
      policy_->entries, [](const policy::AllowEntry& entry) { return entry.until.has_value(); });
  const milliseconds least = answer.ttl + (is_boxed ? 0s : seconds(policy_->limits.grace));
  for (const IpAddress& address : answer.addresses) {
    ++released_;
    const auto holds = [&](const nft::LiveElement& element) {
      return is_of_names(element.key.set) && element.key.first == address &&
             element.expires >= least;
    };
    if (std::ranges::none_of(live->elements, holds))
      complain(address.text() + " was released for " + name.text() +
               " and is not open for as long");
  }
}

// With some room for the moment at which the simulation wakes up.
void World::check_waiting() {
  for (const auto& [port, asked] : clients_)
    if (guard_->waiting() == 0) complain(asked.first.name.text() + " was never answered");
}

}  // namespace egress::sim
