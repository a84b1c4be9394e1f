#include "egressctl/place/forked.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "adapters/file_descriptor.hpp"
#include "adapters/system_error.hpp"
#include "adapters/write_all.hpp"

namespace egress::place {

namespace {

std::string listen(int pipe, const std::function<std::string_view(std::string_view)>& hear) {
  std::string told;
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return told;
    const std::string_view text(chunk.data(), static_cast<std::size_t>(got));
    told += hear ? hear(text) : text;
  }
}

void reap(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<Told> told_by_child(const std::function<void(const Say&)>& body,
                           const std::function<std::string_view(std::string_view)>& hear) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("make a pipe");
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("make a process");
  if (child == 0) {
    body([&](std::string_view text) {
      (void)write_all(writing.get(), text);  // false: nobody reads any more
    });
    ::_exit(0);
  }
  writing = FileDescriptor();
  Told told{child, listen(reading.get(), hear)};
  reap(child);
  return told;
}

}  // namespace egress::place
