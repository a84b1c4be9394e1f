// Files on disk: read with a bound, replaced as a whole.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "egress/core/result.hpp"

namespace egress::state {

// What a file must be to be read.
enum class Guard {
  none,       // links are followed
  no_links,   // a symbolic link as the last part of the path is an error
  ownership,  // links are followed to a file that passes check_ownership()
};

// The whole of a regular file of at most `max_bytes`; empty if there is none of that name. Anything
// else (a larger file, a directory, a device, a pipe) is an error.
Result<std::optional<std::string>> read_file(const std::string& path, std::size_t max_bytes,
                                             Guard guard);

// Replaces the file: afterwards, also after a crash or a power cut at any moment, it holds either
// the old or the new content, whole. A link of that name is replaced, not followed. On error the
// old file stays.
Result<void> write_atomically(const std::string& path, std::string_view content, mode_t mode);

// Renames a file that cannot be used to PATH.corrupt-1, or the next free number; the value is the
// new path. Beyond limits::kFilesSetAside the last one is replaced.
Result<std::string> set_aside(const std::string& path);

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};
// Makes the directory (not its parents) with mode 0750 for this owner. One that is there is left as
// it is and is an error if it is a link, belongs to neither the owner nor root, or is writable by
// others.
Result<void> prepare_directory(const std::string& path, Owner owner);

}  // namespace egress::state
