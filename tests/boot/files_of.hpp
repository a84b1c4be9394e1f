// What a machine has on its disk, to tell what an installation leaves behind.
#pragma once

#include <set>
#include <string>

#include "boot/machine.hpp"

namespace egress::test {

using Paths = std::set<std::string>;

Paths files_of(const Machine& machine);
// Those that a machine without the product has from the beginning.
Paths files_of_the_tree();

// What is there now and was not, but for what a boot, dpkg and accounts write of themselves.
Paths left_behind(const Paths& before, const Paths& now);

}  // namespace egress::test
