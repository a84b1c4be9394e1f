// A host with egressd's table, loaded by hand, and somebody who answers for the daemon.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "egressctl/verify/prove.hpp"
#include "fixtures.hpp"
#include "support/lab.hpp"

namespace egress::verify {

inline void load_table(const test::Lab& lab) {
  lab.on_host({"nft", "flush", "ruleset"});
  lab.on_host({"nft", "-f", SOURCE_DIR "/tests/unit/verify/table.nft"});
}

// Stands in for egressd: says what table.nft allows, and reads the counters from the kernel.
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
  std::optional<control::ProofReply> proof() override { return policy; }
  std::optional<control::RefusalsReply> refusals() override;
  std::optional<control::DnsReply> dns() override { return control::DnsReply{}; }

  control::ProofReply policy;

 private:
  const test::Lab& lab_;
};

inline std::optional<control::RefusalsReply> TableDaemon::refusals() {
  const auto listing =
      nlohmann::json::parse(lab_.on_host({"nft", "-j", "list", "table", "inet", "egressd"}));
  control::RefusalsReply reply;
  for (const auto& object : listing.at("nftables")) {
    if (object.contains("counter")) reply.refused_packets = object["counter"]["packets"];
    if (!object.contains("set") || !object["set"].contains("elem")) continue;
    for (const auto& element : object["set"]["elem"]) {
      if (!element.contains("elem") || !element["elem"].contains("counter")) continue;
      const auto& key = element["elem"]["val"]["concat"];
      reply.refusals.push_back({key[0], key[1], key[2], element["elem"]["counter"]["packets"]});
    }
  }
  return reply;
}

}  // namespace egress::verify
