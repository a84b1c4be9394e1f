// A control group with little memory, to have a process killed for want of it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace egress::test {

class MemoryGroup {
 public:
  explicit MemoryGroup(const std::string& name);
  ~MemoryGroup();  // its processes must have ended
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // False on a machine that lets us have none; then nothing else does anything.
  bool exists() const { return !directory_.empty(); }
  // From now on what the process takes counts, up to the limit; what it has does not.
  void hold(pid_t process, std::uint64_t octets) const;
  // How many processes the kernel has killed here.
  std::uint64_t kills() const;

 private:
  std::filesystem::path directory_;
  bool is_v2_ = false;
};

}  // namespace egress::test
