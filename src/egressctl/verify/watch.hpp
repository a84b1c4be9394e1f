// One verification after another, of which only the changes are told.
#pragma once

#include <chrono>
#include <map>

#include "egressctl/verify/verification.hpp"

namespace egress::verify {

// What changed between two reports, one line each: the verdict first, then each probe whose mark
// became another. A probe that is gone, or new and as it should be, is no change.
class Changes {
 public:
  // Everything that is not as it should be is a change from the first report's predecessor.
  std::vector<std::string> since_last(const Report& report);

 private:
  std::string verdict_;
  std::map<std::string, Mark> marks_;  // by probe
};

// Until SIGINT or SIGTERM; then the last verdict's exit code.
ctl::Exit watch(ctl::Context& context, const Order& order, std::chrono::seconds interval);

}  // namespace egress::verify
