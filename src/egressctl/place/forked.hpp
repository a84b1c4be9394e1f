// A child that does something where or as whom this process cannot without giving up what it is.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "egress/core/result.hpp"

namespace egress::place {

using Say = std::function<void(std::string_view)>;

struct Told {
  pid_t child = 0;
  std::string text;
};

// Forks, runs `body` in the child, and waits for its end. What the child says comes to `hear` in
// pieces as it comes; what that returns is kept. The process must have one thread.
Result<Told> told_by_child(const std::function<void(const Say&)>& body,
                           const std::function<std::string_view(std::string_view)>& hear = {});

}  // namespace egress::place
