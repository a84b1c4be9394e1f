#include "adapters/state/ownership.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "adapters/system_error.hpp"
#include "egress/core/text.hpp"

namespace egress::state {

Result<void> check_ownership(const struct stat& info) {
  if (info.st_uid != 0 && info.st_uid != geteuid())
    return fail("belongs to uid " + std::to_string(info.st_uid) +
                ", who could change it; chown it to root");
  const bool is_sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
  if (!is_sticky && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail("is writable by others, who could change it; chmod go-w");
  return {};
}

Result<void> check_ownership(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return fail_errno("read " + quoted(path));
  const auto checked = check_ownership(info);
  if (!checked) return fail(quoted(path) + ": " + checked.error().message);
  return {};
}

}  // namespace egress::state
