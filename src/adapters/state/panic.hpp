// The file that says that panic is on.
#pragma once

#include <optional>
#include <string>

#include "egress/core/result.hpp"
#include "egress/core/time.hpp"

namespace egress::state {

struct Panic {
  std::optional<WallTime> until;
  bool operator==(const Panic&) const = default;
};

// Empty: it is off. An error: the file cannot be read or says something else.
Result<std::optional<Panic>> read_panic(const std::string& path);
Result<void> write_panic(const std::string& path, const Panic& panic);
// Without such a file, nothing.
Result<void> forget_panic(const std::string& path);

}  // namespace egress::state
