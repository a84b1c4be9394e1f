// A control server in this process, driven by hand under a made-up clock, and raw clients of it.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "control/codec.hpp"
#include "control/server.hpp"
#include "control/unix_socket.hpp"
#include "support/raw_client.hpp"

namespace egress::control {

// A directory of its own, open to every user as the daemon's runtime directory is.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/egress-control-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
    chmod(path_.c_str(), 0755);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

using test::RawClient;

class ServerTest : public testing::Test {
 protected:
  struct Seen {
    ClientId id;
    Request request;
    Peer peer;
  };

  void start(const std::string& group = "egress") {
    auto listener = listen_at(path);
    ASSERT_TRUE(listener) << listener.error().message;
    auto started = Server::start(
        std::move(*listener),
        [this](ClientId id, const Request& request, const Peer& peer) {
          seen.push_back({id, request, peer});
          stopwatch += request_takes;
          if (answers_at_once) server->reply(id, answer, now);
        },
        group, [this] { return stopwatch; });
    ASSERT_TRUE(started) << started.error().message;
    server.emplace(std::move(*started));
  }

  void pump(int turns = 8) {
    for (int i = 0; i < turns; ++i) server->dispatch(now);
  }

  // The one reply to one request on a connection of its own.
  std::optional<Reply> ask(const std::string& line) {
    RawClient client(path);
    EXPECT_TRUE(client.send(line));
    pump();
    client.read();
    if (client.lines().size() != 1) return std::nullopt;
    auto reply = decode_reply(client.lines().front());
    if (!reply) return std::nullopt;
    return *reply;
  }

  static std::string code_of(const std::optional<Reply>& reply) {
    if (!reply) return "no reply";
    const auto* refused = std::get_if<Refused>(&*reply);
    return refused == nullptr ? "done" : refused->code;
  }

  TemporaryDirectory directory;
  std::string path = directory / "control.sock";
  Instant now{milliseconds(1'000'000)};
  std::chrono::microseconds stopwatch{0};
  std::chrono::microseconds request_takes{0};
  bool answers_at_once = true;
  Reply answer = ReloadReply{};
  std::vector<Seen> seen;
  std::optional<Server> server;
};

inline const std::string kStatusLine = "{\"command\":\"status\"}\n";
inline const std::string kReloadLine = "{\"command\":\"reload\"}\n";

}  // namespace egress::control
