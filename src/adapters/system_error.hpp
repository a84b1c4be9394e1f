// A failed system call as an Error.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "egress/core/result.hpp"

namespace egress {

// "open /etc/egressd: Permission denied". Error numbers that a library returns negated are taken as
// well.
inline tl::unexpected<Error> fail_errno(std::string_view what, int error = errno) {
  return fail(std::string(what) + ": " +
              std::generic_category().message(error < 0 ? -error : error));
}

}  // namespace egress
