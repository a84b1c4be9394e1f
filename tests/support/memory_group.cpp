#include "support/memory_group.hpp"

#include <chrono>
#include <fstream>
#include <system_error>
#include <thread>

namespace egress::test {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = "/sys/fs/cgroup";

void write(const fs::path& file, const std::string& value) {
  std::ofstream(file) << value;
}

}  // namespace

MemoryGroup::MemoryGroup(const std::string& name) {
  is_v2_ = fs::exists(kRoot / "cgroup.controllers");
  if (is_v2_) write(kRoot / "cgroup.subtree_control", "+memory");
  const fs::path directory = (is_v2_ ? kRoot : kRoot / "memory") / name;
  std::error_code error;
  fs::create_directory(directory, error);
  if (fs::exists(directory / (is_v2_ ? "memory.max" : "memory.limit_in_bytes")))
    directory_ = directory;
}

MemoryGroup::~MemoryGroup() {
  std::error_code error;
  // A group is empty a little after its last process was waited for.
  for (int tries = 0; exists() && !fs::remove(directory_, error) && tries < 100; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void MemoryGroup::hold(pid_t process, std::uint64_t octets) const {
  if (!exists()) return;
  write(directory_ / (is_v2_ ? "memory.max" : "memory.limit_in_bytes"), std::to_string(octets));
  if (is_v2_) write(directory_ / "memory.swap.max", "0");
  write(directory_ / "cgroup.procs", std::to_string(process));
}

// "oom_kill 1"
std::uint64_t MemoryGroup::kills() const {
  std::ifstream events(directory_ / (is_v2_ ? "memory.events" : "memory.oom_control"));
  std::string name;
  std::uint64_t count = 0;
  while (events >> name >> count) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

}  // namespace egress::test
