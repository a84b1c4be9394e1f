// The local account files, read entry by entry as they stand: without the name service, which could
// block.
#pragma once

#include <grp.h>
#include <pwd.h>

#include <cstdio>
#include <memory>
#include <vector>

namespace egress::control {

// Calls `take` with each entry of the file, valid during the call, until it returns true. A file
// that cannot be read has none.
template <class Entry, auto read_entry, class Take>
void for_each_account(const char* path, Take take) {
  constexpr std::size_t kLineBytes = 64 << 10;  // a group may list many members
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"), std::fclose);
  std::vector<char> line(kLineBytes);
  Entry entry{};
  Entry* found = nullptr;
  while (file && read_entry(file.get(), &entry, line.data(), line.size(), &found) == 0)
    if (take(entry)) return;
}

// passwd(5)
template <class Take>
void for_each_user(const char* path, Take take) {
  for_each_account<passwd, fgetpwent_r>(path, take);
}

// group(5)
template <class Take>
void for_each_group(const char* path, Take take) {
  for_each_account<group, fgetgrent_r>(path, take);
}

}  // namespace egress::control
