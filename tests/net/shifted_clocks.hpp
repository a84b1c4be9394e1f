// Clocks of its own for the daemon (shifted_clocks.c); the machine's stay as they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace egress::test {

class ShiftedClocks {
 public:
  // `file` is made, with clocks that are right.
  explicit ShiftedClocks(std::filesystem::path file) : file_(std::move(file)) {
    std::ofstream created(file_);
    created.close();
    shift(std::chrono::seconds(0), std::chrono::seconds(0));
  }

  // From now on. Never truncates what the daemon has mapped.
  void shift(std::chrono::seconds civil, std::chrono::seconds since_boot) const {
    const std::int64_t shifts[] = {civil.count(), since_boot.count()};
    std::ofstream(file_, std::ios::binary | std::ios::in | std::ios::out)
        .write(reinterpret_cast<const char*>(shifts), sizeof shifts);
  }

  // For Daemon::set_environment().
  std::vector<std::string> environment() const {
    return {"LD_PRELOAD=" SHIFTED_CLOCKS, "CLOCK_SHIFTS=" + file_.string(),
            "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0"};
  }

 private:
  std::filesystem::path file_;
};

}  // namespace egress::test
