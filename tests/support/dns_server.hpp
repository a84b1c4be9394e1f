// An authoritative DNS server whose data a test changes while it runs. Answers over UDP at every
// address of the Lab's internet. What it was not told about does not exist (NXDOMAIN).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/servers.hpp"

namespace egress::test {

struct Zone {
  std::vector<std::string> addresses;  // IPv4 and IPv6; a family without any is NODATA
  std::uint32_t ttl = 60;
  std::uint8_t rcode = 0;  // RFC 1035 section 4.1.1: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
  bool is_silent = false;  // no answer at all
  // What is said instead of all that, made from the question as it came.
  std::function<std::optional<Bytes>(const Bytes&)> lie = {};
};

class DnsServer {
 public:
  explicit DnsServer(std::string netns);

  void set(const std::string& name, Zone zone);
  // Stopped: the port is closed, so that questions come back as ICMP errors.
  void stop();
  void start();
  // Questions received about a name.
  std::size_t asked(const std::string& name) const;

 private:
  std::optional<Bytes> answer(const Bytes& question);

  const std::string netns_;
  mutable std::mutex mutex_;
  std::map<std::string, Zone> zones_;
  std::map<std::string, std::size_t> asked_;
  std::unique_ptr<UdpServer> server_;
};

}  // namespace egress::test
