// A host with egressd's table, loaded by hand, and somebody who answers for the daemon.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "adapters/systemd/clock.hpp"
#include "egress/core/time_text.hpp"
#include "egressctl/verify/prove.hpp"
#include "fixtures.hpp"
#include "support/lab.hpp"

namespace egress::verify {

inline void load_table(const test::Lab& lab) {
  lab.on_host({"nft", "flush", "ruleset"});
  lab.on_host({"nft", "-f", SOURCE_DIR "/tests/unit/verify/table.nft"});
}

// Stands in for egressd: says what table.nft allows, reads the counters from the kernel, and opens
// and closes what it is asked to.
class TableDaemon : public Daemon {
 public:
  explicit TableDaemon(const test::Lab& lab) : lab_(lab) {
    policy.mode = "enforce";
    policy.resolvers = {"10.77.0.1"};
    policy.endpoints = {
        endpoint("tcp/api.openai.com:443", "api.openai.com",
                 {"162.159.140.245", "172.66.0.243", "2606:4700:7::f5"}),
        endpoint("udp/pool.ntp.org:123", "pool.ntp.org", {"162.159.200.1", "2606:4700:f1::1"})};
  }
  std::optional<control::ProofReply> proof() override;
  std::optional<control::RefusalsReply> refusals() override;
  void announce(const std::vector<Endpoint>&, const std::vector<Endpoint>&) override {}
  std::optional<control::DnsReply> dns() override { return control::DnsReply{}; }
  std::optional<Health> health() override {
    const systemd::SystemClock clock;
    const Clocks here{clock.now(), clock.wall()};
    Health health{here, {}, here};
    health.reply.boottime_ms = here.boot.time_since_epoch().count();
    health.reply.wall = print_wall_time(here.wall);
    return health;
  }
  std::optional<std::vector<Passage>> passages() override { return std::vector<Passage>{}; }
  Attempt attempt() override { return {Attempt::Outcome::refused, "nobody", "no right"}; }
  Result<void> grant(const std::vector<std::string>& targets) override;
  Result<void> revoke(const std::vector<std::string>& targets) override;

  control::ProofReply policy;

 private:
  nlohmann::json listing() const {
    return nlohmann::json::parse(
        lab_.on_host({"nft", "-j", "list", "table", "inet", "egressd"}))["nftables"];
  }
  std::uint64_t packets_to(const std::string& address) const;

  const test::Lab& lab_;
  std::vector<std::string> granted_;  // targets
};

// The element of an address and a port, as a command of nft takes it.
inline std::string element_of(std::string_view target) {
  const auto parts = *split_target(target);
  const IpAddress address = ip(parts.destination);
  return std::string("inet egressd allow") + (address.is_v4() ? "4" : "6") + " { " +
         address.text() + " . " + std::string(text(parts.transport)) + " . " +
         std::to_string(parts.ports.first) + " }\n";
}

inline Result<void> TableDaemon::grant(const std::vector<std::string>& targets) {
  for (const std::string& target : targets) lab_.nft("add element " + element_of(target));
  granted_ = targets;
  return {};
}

inline Result<void> TableDaemon::revoke(const std::vector<std::string>& targets) {
  for (const std::string& target : targets) {
    lab_.nft("delete element " + element_of(target));
    const std::string address(split_target(target)->destination);
    lab_.on_host({"sh", "-c", "conntrack -D -d " + address + " || true"});  // there may be none
  }
  granted_.clear();
  return {};
}

inline std::uint64_t TableDaemon::packets_to(const std::string& address) const {
  for (const auto& object : listing()) {
    if (!object.contains("set") || !object["set"].contains("elem")) continue;
    for (const auto& element : object["set"]["elem"]) {
      const auto& held = element.at("elem");
      if (held.at("val").at("concat").at(0) == address) return held.at("counter").at("packets");
    }
  }
  return 0;
}

inline std::optional<control::ProofReply> TableDaemon::proof() {
  control::ProofReply reply = policy;
  for (const std::string& target : granted_) {
    const std::string address(split_target(target)->destination);
    reply.endpoints.push_back(endpoint(target, "", {address}));
    reply.endpoints.back().addresses.front().hits = packets_to(address);
  }
  return reply;
}

inline std::optional<control::RefusalsReply> TableDaemon::refusals() {
  control::RefusalsReply reply;
  for (const auto& object : listing()) {
    if (object.contains("counter"))
      (object["counter"]["name"] == "refused" ? reply.refused_packets : reply.foreign_packets) =
          object["counter"]["packets"];
    if (!object.contains("set") || !object["set"].contains("elem")) continue;
    if (!object["set"]["name"].get<std::string>().starts_with("refused")) continue;
    for (const auto& element : object["set"]["elem"]) {
      const auto& key = element["elem"]["val"]["concat"];
      reply.refusals.push_back({key[0], key[1], key[2], element["elem"]["counter"]["packets"]});
    }
  }
  return reply;
}

}  // namespace egress::verify
