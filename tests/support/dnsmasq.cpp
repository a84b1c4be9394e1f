#include "support/dnsmasq.hpp"

#include <fstream>
#include <iterator>

namespace egress::test {

Dnsmasq::Dnsmasq(const std::string& netns, const std::string& address, std::filesystem::path log,
                 const std::vector<std::string>& records)
    : log_(std::move(log)) {
  std::vector<std::string> words{"dnsmasq",
                                 "-k",
                                 "--no-resolv",
                                 "--no-hosts",
                                 "--pid-file=",
                                 "--user=root",
                                 "--conf-file=/dev/null",
                                 "--bind-interfaces",
                                 "--log-queries",
                                 "--local-ttl=1",
                                 "--local=/#/",
                                 "--listen-address=" + address,
                                 "--log-facility=" + log_.string()};
  words.insert(words.end(), records.begin(), records.end());
  process_ = ChildProcess({.words = words, .netns = netns});
}

std::string Dnsmasq::heard() const {
  std::ifstream stream(log_);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void Dnsmasq::forget() const {
  std::filesystem::resize_file(log_, 0);
}

}  // namespace egress::test
