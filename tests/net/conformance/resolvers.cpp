#include "net/conformance/resolvers.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/dns_client.hpp"

namespace egress::test::conformance {
namespace {

std::string common_settings(const Lab& lab, const std::string& name, std::uint16_t port) {
  return "server:\n directory: \"" + lab.dir().string() +
         "\"\n pidfile: \"\"\n chroot: \"\"\n username: \"\"\n use-syslog: no\n logfile: \"\"\n"
         " do-daemonize: no\n interface: " +
         std::string(kResolver) + "@" + std::to_string(port) +
         "\n access-control: 0.0.0.0/0 allow_snoop\n module-config: \"iterator\"\n num-threads: 1\n"
         " identity: \"" +
         name + "\"\n";
}

}  // namespace

Unbound::Unbound(const Lab& lab, const std::string& name, std::uint16_t port,
                 const std::string& settings) {
  const std::filesystem::path file = lab.dir() / (name + ".conf");
  std::ofstream(file) << common_settings(lab, name, port) << settings;
  process_ = ChildProcess({.words = {"unbound", "-d", "-c", file},
                           .netns = lab.net(),
                           .output = lab.dir() / (name + ".log")});
  const bool answers = eventually([&] {
    const DnsServerAddress address{.address = kResolver, .over = Over::tcp, .port = port};
    return DnsSocket(lab.net(), address).is_open() || process_.has_ended();
  });
  if (!answers || process_.has_ended()) throw std::runtime_error(name + " does not answer");
}

std::string upstream_settings(const Lab& lab, const Corpus& corpus) {
  std::string settings;
  for (const auto& [zone, records] : corpus.zones) {
    const std::filesystem::path file = lab.dir() / (zone + ".zone");
    std::ofstream(file) << records;
    settings += "auth-zone:\n name: " + zone + "\n zonefile: \"" + file.string() +
                "\"\n for-downstream: no\n for-upstream: yes\n";
  }
  for (const auto& [zone, port] : {std::pair{kLameZone, kLamePort}, {kSlowZone, kSlowPort}})
    settings += "stub-zone:\n name: " + std::string(zone) + "\n stub-addr: " + kResolver + "@" +
                std::to_string(port) + "\n";
  return settings;
}

std::string reference_settings(const std::vector<std::string>& zones) {
  std::string settings =
      "server:\n infra-cache-max-rtt: 1000\n";  // for silence no longer than that
  const auto add = [&settings](const std::string& zone) {
    settings += "forward-zone:\n name: \"" + zone + "\"\n forward-addr: " + kResolver + "\n";
  };
  add(".");
  for (const std::string& zone : zones) add(zone);
  return settings;
}

}  // namespace egress::test::conformance
