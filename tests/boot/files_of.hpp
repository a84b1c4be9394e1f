// What a machine has on its disk, to tell what an installation leaves behind.
#pragma once

#include <set>
#include <string>

#include "boot/machine.hpp"

namespace egress::test {

using Paths = std::set<std::string>;

// Remembers what there is, on the machine.
class FilesOf {
 public:
  explicit FilesOf(const Machine& machine);
  // What is there now and was not, but for what a boot, dpkg and accounts write of themselves.
  Paths left_behind() const;

 private:
  const Machine& machine_;
};

}  // namespace egress::test
