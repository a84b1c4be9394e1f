// dnsmasq as the one server of whatever it is told: it asks nobody, and writes down who asked what.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace egress::test {

class Dnsmasq {
 public:
  // `records`: options as dnsmasq(8) has them, "--host-record=api.openai.com,162.159.140.245".
  Dnsmasq(const std::string& netns, const std::string& address, std::filesystem::path log,
          const std::vector<std::string>& records);

  // What it has been asked for since it began, or since it forgot.
  std::string heard() const;
  void forget() const;

 private:
  std::filesystem::path log_;
  ChildProcess process_;
};

}  // namespace egress::test
