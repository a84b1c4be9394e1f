#include "control/client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "control/codec.hpp"
#include "control/unix_socket.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::control {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr auto kTick = std::chrono::seconds(1);

// One call in progress: when it began, when it must be over, and the socket.
class Call {
 public:
  Call(std::string path, const CallOptions& options)
      : path_(std::move(path)),
        options_(options),
        start_(Steady::now()),
        end_(start_ + options.timeout) {}

  tl::expected<Reply, CallFailure> run(const Request& request) {
    if (auto failure = connect()) return tl::unexpected(*failure);
    if (auto failure = send(encode(request))) return tl::unexpected(*failure);
    std::string line;
    if (auto failure = receive(line)) return tl::unexpected(*failure);
    auto reply = decode_reply(line);
    if (reply) return *reply;
    return tl::unexpected(
        CallFailure{false, "cannot read the daemon's reply: " + reply.error().message +
                               " (are egressctl and egressd of the same version?)"});
  }

 private:
  using Failure = std::optional<CallFailure>;

  Failure connect() {
    // Where its queue is full for the moment, the kernel lets those in first who have waited
    // longest.
    const auto patience = std::chrono::ceil<milliseconds>(end_ - Steady::now());
    Connected connected = connect_within(path_, patience);
    if (connected.error != 0) return no_connection(connected.error);
    socket_ = std::move(connected.socket);
    return std::nullopt;
  }

  Failure no_connection(int error) const {
    std::string message = "no daemon at " + egress::quoted(path_) + ": " + std::strerror(error);
    if (error == ENOENT || error == ECONNREFUSED) {
      message += "; start it (systemctl start egressd) or name its socket (--socket PATH)";
    } else if (error == EACCES) {
      message += "; the directory of the socket must be open to you";
    } else if (error == ENAMETOOLONG) {
      message += "; a socket's path has at most 107 bytes";
    }
    return CallFailure{true, std::move(message)};
  }

  // Waits for the socket. Returns a failure when the call's time is up.
  Failure wait(short events) {
    while (true) {
      const auto now = Steady::now();
      if (now >= end_) {
        return CallFailure{true, "the daemon at " + egress::quoted(path_) +
                                     " has not answered within " +
                                     std::to_string(options_.timeout.count() / 1000) +
                                     " s; see its log (journalctl -u egressd)"};
      }
      const auto left = std::chrono::ceil<milliseconds>(end_ - now);
      pollfd wanted{socket_.get(), events, 0};
      const int ready =
          poll(&wanted, 1, static_cast<int>(std::min<milliseconds>(left, kTick).count()));
      if (ready > 0) return std::nullopt;
      if (ready == 0 && options_.on_wait) {
        options_.on_wait(std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - start_));
      }
    }
  }

  // A daemon that refuses at once (too many clients) may have closed its end already: its reply is
  // still to be read, so a broken pipe here is left to receive().
  Failure send(std::string_view line) {
    while (!line.empty()) {
      if (auto failure = wait(POLLOUT)) return failure;
      const ssize_t sent = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        line.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno != EAGAIN && errno != EINTR) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  Failure receive(std::string& line) {
    std::array<char, 64 << 10> chunk;
    while (line.empty() || line.back() != '\n') {
      if (auto failure = wait(POLLIN)) return failure;
      const ssize_t got = recv(socket_.get(), chunk.data(), chunk.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0) {
        return CallFailure{true,
                           "the daemon at " + egress::quoted(path_) +
                               " closed the connection without a reply; is it stopping? Try again"};
      }
      line.append(chunk.data(), static_cast<std::size_t>(got));
      if (line.size() > limits::kReplyBytes)
        return CallFailure{false, "the daemon's reply does not end"};
    }
    return std::nullopt;
  }

  std::string path_;
  const CallOptions& options_;
  Steady::time_point start_;
  Steady::time_point end_;
  Descriptor socket_;
};

}  // namespace

tl::expected<Reply, CallFailure> call(const std::string& socket_path, const Request& request,
                                      const CallOptions& options) {
  return Call(socket_path, options).run(request);
}

}  // namespace egress::control
