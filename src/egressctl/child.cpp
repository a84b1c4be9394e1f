#include "egressctl/child.hpp"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "control/descriptor.hpp"
#include "egress/core/text.hpp"

namespace egress::ctl {
namespace {

using control::Descriptor;

// Both streams go to files in memory, so that neither can fill up while the other is read.
Descriptor memory_file() {
  return Descriptor(memfd_create("output", MFD_CLOEXEC));
}

std::string content(const Descriptor& file) {
  std::string text;
  std::array<char, 16384> chunk;
  lseek(file.get(), 0, SEEK_SET);
  for (ssize_t got = 0; (got = read(file.get(), chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<Finished> run_program(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const Descriptor out = memory_file();
  const Descriptor err = memory_file();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.get(), STDERR_FILENO);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return fail("cannot run " + egress::quoted(arguments[0]) + ": " + std::strerror(error));
  const int status = wait_for(pid);
  return Finished{status, content(out), content(err)};
}

}  // namespace egress::ctl
