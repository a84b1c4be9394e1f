#include "support/allowed_traffic.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "support/address.hpp"

namespace egress::test {
namespace {

constexpr std::uint16_t kPort = 443;
// A SYN that a busy machine loses comes again; a refusal is an error at once.
constexpr timeval kConnectPatience{30, 0};
constexpr auto kTransferPatience = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(2);

// 0, or what connect(2) failed with.
int connect_and_close(const SocketAddress& to) {
  const int descriptor = socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &kConnectPatience, sizeof kConnectPatience);
  // The port is free again at once: ten thousands of connections follow.
  const linger reset{1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  const int error = connect(descriptor, to.get(), to.length) == 0 ? 0 : errno;
  close(descriptor);
  return error;
}

bool goes_on(Connection& transfer) {
  transfer.receive_for(20ms);  // what had come before
  const auto end = std::chrono::steady_clock::now() + kTransferPatience;
  while (!transfer.is_dead() && std::chrono::steady_clock::now() < end) {
    if (transfer.receive_for(50ms) > 0) return true;
  }
  return false;
}

}  // namespace

AllowedTraffic::AllowedTraffic(std::string netns, std::vector<std::string> addresses,
                               std::function<std::string()> observe)
    : netns_(std::move(netns)), addresses_(std::move(addresses)), observe_(std::move(observe)) {
  for (const std::string& address : addresses_)
    transfers_.push_back(std::make_unique<Connection>(netns_, address, kPort));
  thread_ = std::thread([this] { run(); });
}

AllowedTraffic::~AllowedTraffic() {
  is_stopping_ = true;
  thread_.join();
}

void AllowedTraffic::run() {
  join_namespace(netns_);
  while (!is_stopping_) {
    for (const std::string& address : addresses_) {
      const int error = connect_and_close({address, kPort});
      error == 0 ? static_cast<void>(++connected_) : fail(address, error);
    }
    std::this_thread::sleep_for(kPause);
  }
}

void AllowedTraffic::fail(const std::string& address, int error) {
  std::string failure = address + " from " + netns_ + ": " + std::generic_category().message(error);
  if (observe_) failure += "\n" + observe_();
  const std::lock_guard lock(mutex_);
  failures_.push_back(std::move(failure));
}

std::vector<std::string> AllowedTraffic::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

bool AllowedTraffic::transfers_go_on() {
  return std::ranges::all_of(transfers_, [](const auto& transfer) { return goes_on(*transfer); });
}

}  // namespace egress::test
