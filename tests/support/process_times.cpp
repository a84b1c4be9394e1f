#include "support/process_times.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>

namespace egress::test {

ProcessTimes process_times(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  if (!file) throw std::runtime_error("process " + std::to_string(pid) + " has ended");
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  // After the name in brackets; utime, stime, cutime and cstime are the 12th to the 15th of them.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  std::array<std::int64_t, 4> ticks{};
  for (std::int64_t& tick : ticks) fields >> tick;
  const auto time = [](std::int64_t count) {
    return std::chrono::microseconds(count * 1'000'000 / sysconf(_SC_CLK_TCK));
  };
  return {time(ticks[0] + ticks[1]), time(ticks[2] + ticks[3])};
}

}  // namespace egress::test
