#include "support/guarded_host.hpp"

#include <algorithm>

namespace egress::test {

GuardedHost::GuardedHost(const nft::Capabilities& capabilities)
    : kernel_(clock_, capabilities),
      engine_(kernel_.capabilities(), nft::DnsGuard{553, 990}),
      guard_(engine_,
             {.send =
                  [this](const guard::Client& client, std::span<const std::uint8_t> message) {
                    auto table = kernel_.read(engine::compile_base(engine_.inputs()));
                    sent_.push_back({client, {message.begin(), message.end()}, *table});
                  },
              .tell = [this](const engine::Event& event) { engine_.handle(event, clock_.now()); },
              .note = [this](const engine::Notice& notice) { notices_.push_back(notice); },
              .stopwatch = [this] { return clock_.stopwatch(); },
              .user_of = [this](const guard::Client&) { return user; }}) {}

void GuardedHost::set_policy(std::vector<policy::AllowEntry> entries, policy::DnsSettings dns) {
  auto policy = std::make_shared<policy::Policy>();
  policy->entries = policy::Entries(std::move(entries));
  policy->dns = dns;
  tell(engine::PolicyChanged{policy, clock_.wall()});
}

void GuardedHost::tell(const engine::Event& event) {
  engine_.handle(event, clock_.now());
  turn();
}

void GuardedHost::take(std::span<const std::uint8_t> message, const guard::Client& client) {
  guard_.take(client, message, clock_.now());
  turn();
}

bool GuardedHost::answer(dns::Answer answer) {
  const auto at = std::ranges::find(asked_, answer.question);
  if (at == asked_.end()) return false;
  const dns::Question question = *at;
  asked_.erase(at);
  const bool is_awaited = guard_.is_awaited(question);
  engine_.handle(engine::Answered{std::move(answer), is_awaited}, clock_.now());
  guard_.on_answer(question, clock_.now());
  turn();
  return true;
}

bool GuardedHost::answer(std::string_view name, std::vector<std::string> addresses, seconds ttl) {
  dns::Answer answer{
      .question = {*DnsName::parse(name), Family::ipv4}, .addresses = {}, .ttl = ttl, .chain = {}};
  for (const std::string& address : addresses)
    answer.addresses.push_back(*IpAddress::parse(address));
  if (!addresses.empty()) answer.question.family = answer.addresses.front().family();
  if (addresses.empty()) answer.status = dns::Status::nodata;
  return this->answer(std::move(answer));
}

bool GuardedHost::fail(std::string_view name, Family family, dns::Status status) {
  return answer(dns::Answer{
      .question = {*DnsName::parse(name), family}, .status = status, .addresses = {}, .chain = {}});
}

void GuardedHost::pass(milliseconds duration) {
  clock_.advance(duration);
  turn();
}

void GuardedHost::turn() {
  for (;;) {
    const std::vector<engine::Action> actions = engine_.act(clock_.now());
    if (actions.empty()) break;
    for (const engine::Action& action : actions) carry_out(action);
  }
  guard_.settle(clock_.now());
}

void GuardedHost::carry_out(const engine::Action& action) {
  if (const auto* ask = std::get_if<engine::Ask>(&action)) {
    guard_.on_ask(ask->question);
    asked_.push_back(ask->question);
  } else if (const auto* commit = std::get_if<engine::Commit>(&action)) {
    const nft::CommitOutcome outcome = kernel_.commit(commit->transaction);
    clock_.advance(commit_takes);
    engine_.handle(engine::CommitDone{outcome}, clock_.now());
  } else if (const auto* frames = std::get_if<engine::FilterFrames>(&action)) {
    engine_.handle(engine::FramesFiltered{kernel_.filter_frames(frames->filter)}, clock_.now());
  } else if (std::holds_alternative<engine::CutUnlisted>(action)) {
    (void)kernel_.cut_flows(
        [this](const nft::Flow& flow) { return engine_.is_unlisted(flow, clock_.now()); });
  } else if (const auto* notice = std::get_if<engine::Notice>(&action)) {
    notices_.push_back(*notice);
  }
}

policy::AllowEntry allow_entry(policy::Destination destination, Port port) {
  return {.destination = std::move(destination),
          .ports = {port, port},
          .until = {},
          .reason = {},
          .risk = {},
          .origin = {}};
}

policy::Wildcard wildcard(std::string_view text) {
  const bool includes_base = !text.starts_with('*');
  return {*DnsName::parse(text.substr(includes_base ? 1 : 2)), includes_base};
}

}  // namespace egress::test
