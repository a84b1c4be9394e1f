// A daemon with canned replies on a real socket, and egressctl run against it in this process.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "control/server.hpp"
#include "control/unix_socket.hpp"
#include "egressctl/app.hpp"

namespace egress::ctl {

class FakeDaemon {
 public:
  using Answer = std::function<control::Reply(const control::Request&)>;

  explicit FakeDaemon(Answer answer) : answer_(std::move(answer)) {
    if (mkdtemp(directory_.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
    server_.emplace(std::move(
        control::Server::start(std::move(control::listen_at(socket()).value()),
                               [this](control::ClientId id, const control::Request& request,
                                      const control::Peer&) { take(id, request); })
            .value()));
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() {
    is_stopping_ = true;
    thread_.join();
    std::filesystem::remove_all(directory_);
  }

  std::string socket() const { return directory_ + "/control.sock"; }

  // Of the only request so far, which must be an R.
  template <class R>
  R request() const {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(requests_.size(), 1U);
    return requests_.empty() ? R{} : std::get<R>(requests_.front());
  }
  std::vector<control::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void take(control::ClientId id, const control::Request& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    server_->reply(id, answer_(request), Instant{});
  }
  void serve() {
    while (!is_stopping_) {
      pollfd wanted{server_->fd(), POLLIN, 0};
      if (poll(&wanted, 1, 20) > 0) server_->dispatch(Instant{});
    }
  }

  std::string directory_ = "/tmp/egressctl-test-XXXXXX";
  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<control::Request> requests_;
  std::optional<control::Server> server_;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

struct Ran {
  Exit exit;
  std::string out;
  std::string err;
};

// A terminal that shows neither colour nor cut lines, unless given.
inline Ran run_egressctl(const std::string& socket, std::vector<std::string> arguments,
                         const Terminal& terminal = {}) {
  std::ostringstream out;
  std::ostringstream err;
  Context context{out, err, terminal, terminal, socket};
  std::vector<const char*> argv{"egressctl"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  const Exit exit = run(static_cast<int>(argv.size()), argv.data(), context);
  return {exit, out.str(), err.str()};
}

// One run against a daemon that always gives this reply.
inline Ran run_against(const control::Reply& reply, std::vector<std::string> arguments,
                       const Terminal& terminal = {}) {
  const FakeDaemon daemon([&reply](const control::Request&) { return reply; });
  return run_egressctl(daemon.socket(), std::move(arguments), terminal);
}

}  // namespace egress::ctl
