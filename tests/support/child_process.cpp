#include "support/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace egress::test {
namespace {

[[noreturn]] void give_up(const char* what) {
  perror(what);
  _exit(126);
}

void enter_namespace(const std::string& name) {
  const int descriptor = open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || setns(descriptor, CLONE_NEWNET) != 0) give_up(name.c_str());
}

void redirect_output(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0 || dup2(descriptor, 1) < 0 || dup2(descriptor, 2) < 0) give_up(path.c_str());
}

void become(uid_t user) {
  if (setgroups(0, nullptr) != 0 || setgid(user) != 0 || setuid(user) != 0) give_up("setuid");
}

[[noreturn]] void execute(const Command& command) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!command.netns.empty()) enter_namespace(command.netns);
  if (!command.output.empty()) redirect_output(command.output);
  if (command.user != 0) become(command.user);
  for (const std::string& variable : command.environment)
    putenv(const_cast<char*>(variable.c_str()));
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  give_up(words[0]);
}

}  // namespace

ChildProcess::ChildProcess(const Command& command) : pid_(fork()) {
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) execute(command);
}

ChildProcess::~ChildProcess() {
  if (pid_ == 0) return;
  signal(SIGKILL);
  wait();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

void ChildProcess::signal(int number) const {
  if (pid_ != 0) kill(pid_, number);  // 0 would mean all of our group
}

bool ChildProcess::has_ended() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

int ChildProcess::wait() {
  int status = 0;
  if (pid_ == 0 || waitpid(std::exchange(pid_, 0), &status, 0) < 0)
    throw std::runtime_error("no child to wait for");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Finished run(Command command) {
  std::string path = std::filesystem::temp_directory_path() / "egress-test-XXXXXX";
  const int descriptor = mkstemp(path.data());
  if (descriptor < 0) throw std::runtime_error("mkstemp failed");
  close(descriptor);
  command.output = path;
  Finished finished;
  finished.exit_code = ChildProcess(command).wait();
  std::ifstream file(path);
  finished.output.assign(std::istreambuf_iterator<char>(file), {});
  std::filesystem::remove(path);
  return finished;
}

}  // namespace egress::test
