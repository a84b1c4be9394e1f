// A private host and internet from scripts/lab, and the real egressd on that host. See scripts/lab
// for the addresses.
#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "control/messages.hpp"
#include "support/child_process.hpp"

namespace egress::test {

inline constexpr const char* kResolver = "10.77.0.1";
inline constexpr uid_t kNobody = 65534;

class Lab {
 public:
  enum class Servers {
    none,  // the test brings its own (servers.hpp, dns_server.hpp)
    all,   // DNS, TLS and NTP of scripts/lab
  };
  explicit Lab(Servers servers = Servers::none);
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  std::string host() const { return "egl-" + name_ + "-host"; }
  std::string net() const { return "egl-" + name_ + "-net"; }
  std::filesystem::path dir() const { return "/run/egress-lab/" + name_; }

  // Runs a program on the host; throws with its output if it fails.
  std::string on_host(std::vector<std::string> words) const;
  // What the host has as /etc/resolv.conf, rewritten in place.
  void write_resolv_conf(std::string_view text) const;
  // What egressd of this host reads as its policy.
  void write_policy(std::string_view text) const;
  // `egressd lockdown` on the host, with the files of its daemon.
  Finished lock_down(const std::vector<std::string>& options = {}) const;
  // Loads nft commands on the host.
  void nft(const std::string& commands) const;

 private:
  std::string name_;
};

// The programs that tests start: those of the build ${EGRESSD_PROGRAMS}, or those built with the tests.
std::string egressd_program();
std::string egressctl_program();

// egressd on the lab's host, as the user nobody, with files in the lab's directory. Killed when
// this goes out of scope.
class Daemon {
 public:
  // Writes the policy and starts; returns once the daemon has said READY=1. Throws with the log if
  // it does not.
  // `options` are egressd's own; `program` is another egressd than the one that was built here.
  Daemon(const Lab& lab, std::string_view policy, std::vector<std::string> options = {},
         std::string program = {});

  void start();
  // The same, without waiting for anything.
  void launch();
  // NAME=value, for the next start.
  void set_environment(std::vector<std::string> environment) {
    environment_ = std::move(environment);
  }
  // A program that starts it in its stead and becomes it, for the next start.
  void set_launcher(std::vector<std::string> words) { launcher_ = std::move(words); }
  pid_t pid() const { return process_.pid(); }
  bool has_ended() const { return process_.has_ended(); }
  int wait() { return process_.wait(); }  // for its end by itself; the exit code
  void terminate();                       // SIGTERM, and waits for the end
  void crash();                           // SIGKILL, and waits
  void write_policy(std::string_view text) const { lab_.write_policy(text); }
  ChildProcess& process() { return process_; }
  std::string log() const;

  // One exchange over the control socket. Throws if nothing answers, or Refused in place of the
  // reply wanted.
  template <class Reply>
  Reply ask(const control::Request& request) const;
  control::Reply call(const control::Request& request) const;
  std::filesystem::path socket() const { return lab_.dir() / "run" / "control.sock"; }
  // egressctl as a person runs it on the host.
  Finished egressctl(std::vector<std::string> words, uid_t user = 0) const;
  // Its words, for a test that runs it beside others.
  std::vector<std::string> egressctl_words(std::vector<std::string> words) const;
  // The same on a host where nothing else runs and nothing is installed: with a /run, accounts and
  // processes of its own, which `setup`, a shell script, may add to.
  Finished egressctl_alone(const std::string& setup, std::vector<std::string> words) const;

 private:
  const Lab& lab_;
  std::vector<std::string> options_;
  std::string program_;
  std::vector<std::string> environment_;
  std::vector<std::string> launcher_;
  ChildProcess process_;
};

template <class Reply>
Reply Daemon::ask(const control::Request& request) const {
  const control::Reply reply = call(request);
  if (const auto* refused = std::get_if<control::Refused>(&reply))
    throw std::runtime_error(refused->message);
  return std::get<Reply>(reply);
}

// Polls until `holds` is true; false if it is not within the patience.
template <class Condition>
bool eventually(Condition holds, std::chrono::milliseconds patience = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace egress::test
