#include "adapters/state/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "adapters/file_descriptor.hpp"
#include "adapters/state/ownership.hpp"
#include "adapters/system_error.hpp"
#include "adapters/write_all.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::state {
namespace {

// A path as a directory and a name in it, so that what follows happens in one and the same
// directory.
struct Split {
  std::string directory;
  std::string name;
};

Split split(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Result<FileDescriptor> open_directory(const std::string& path) {
  FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return fail_errno("open " + quoted(path));
  return directory;
}

// The new content, on disk under a name of its own.
Result<void> write_beside(int directory, const std::string& name, std::string_view content,
                          mode_t mode) {
  if (unlinkat(directory, name.c_str(), 0) != 0 && errno != ENOENT) return fail_errno("unlink");
  const FileDescriptor file(
      openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return fail_errno("create");
  if (!write_all(file.get(), content)) return fail_errno("write");
  if (fchmod(file.get(), mode) != 0) return fail_errno("chmod");
  if (fsync(file.get()) != 0) return fail_errno("fsync");
  return {};
}

Result<void> replace(int directory, const std::string& name, std::string_view content,
                     mode_t mode) {
  const std::string beside = "." + name + ".new";
  auto written = write_beside(directory, beside, content, mode);
  if (written && renameat(directory, beside.c_str(), directory, name.c_str()) != 0)
    written = fail_errno("rename");
  if (!written) {
    unlinkat(directory, beside.c_str(), 0);
    return written;
  }
  if (fsync(directory) != 0) return fail_errno("fsync of the directory");
  return {};
}

// Up to `size` bytes.
Result<std::string> read_up_to(int fd, std::size_t size) {
  std::string content(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto got = read(fd, content.data() + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

// Grows with the file's own size, not with the bound; one byte more tells a larger file.
Result<std::string> read_bounded(int fd, std::size_t max_bytes, Guard guard) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return fail_errno("stat");
  if (!S_ISREG(info.st_mode)) return fail("not a regular file");
  if (guard == Guard::ownership) {
    if (auto checked = check_ownership(info); !checked) return tl::unexpected(checked.error());
  }
  const auto too_large = "larger than " + std::to_string(max_bytes) + " bytes";
  if (static_cast<std::size_t>(info.st_size) > max_bytes) return fail(too_large);
  auto content = read_up_to(fd, static_cast<std::size_t>(info.st_size) + 1);
  if (content && content->size() > max_bytes) return fail(too_large);
  return content;
}

template <class T>
Result<T> about(const std::string& path, Result<T> result) {
  if (result) return result;
  return fail(quoted(path) + ": " + result.error().message);
}

}  // namespace

Result<std::optional<std::string>> read_file(const std::string& path, std::size_t max_bytes,
                                             Guard guard) {
  const int no_follow = guard == Guard::no_links ? O_NOFOLLOW : 0;
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | no_follow));
  if (!file.is_open() && errno == ENOENT) return std::optional<std::string>();
  if (!file.is_open() && errno == ELOOP) return fail(quoted(path) + ": is a symbolic link");
  if (!file.is_open()) return fail_errno("open " + quoted(path));
  auto content = about(path, read_bounded(file.get(), max_bytes, guard));
  if (!content) return tl::unexpected(content.error());
  return std::optional<std::string>(std::move(*content));
}

Result<void> write_atomically(const std::string& path, std::string_view content, mode_t mode) {
  const auto [directory, name] = split(path);
  const auto opened = open_directory(directory);
  if (!opened) return tl::unexpected(opened.error());
  return about(path, replace(opened->get(), name, content, mode));
}

Result<std::string> set_aside(const std::string& path) {
  const auto aside = [&](int number) { return path + ".corrupt-" + std::to_string(number); };
  for (int number = 1; number <= limits::kFilesSetAside; ++number) {
    const bool is_last = number == limits::kFilesSetAside;
    const unsigned flags = is_last ? 0U : RENAME_NOREPLACE;
    if (renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, aside(number).c_str(), flags) == 0)
      return aside(number);
    if (is_last || errno != EEXIST) return fail_errno("set aside " + quoted(path));
  }
  return fail("set aside " + quoted(path));
}

Result<void> prepare_directory(const std::string& path, Owner owner) {
  const bool is_new = mkdir(path.c_str(), 0750) == 0;
  if (!is_new && errno != EEXIST) return fail_errno("make " + quoted(path));
  const FileDescriptor directory(
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!directory.is_open() || fstat(directory.get(), &info) != 0)
    return fail_errno("open the directory " + quoted(path));
  if (is_new) {
    if (fchmod(directory.get(), 0750) != 0 || fchown(directory.get(), owner.uid, owner.gid) != 0)
      return fail_errno("set the owner of " + quoted(path));
    return {};
  }
  if (info.st_uid != owner.uid && info.st_uid != 0)
    return fail(quoted(path) + ": belongs to uid " + std::to_string(info.st_uid) + ", not to us");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(quoted(path) + ": is writable by others; chmod go-w");
  return {};
}

}  // namespace egress::state
