#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "bench/authority.hpp"
#include "bench/dns_load.hpp"
#include "bench/egressd.hpp"
#include "bench/report.hpp"
#include "support/address.hpp"
#include "support/dns_message.hpp"

namespace egress::bench {
namespace {

using std::chrono::nanoseconds;
constexpr auto kPatience = std::chrono::seconds(2);  // with the last answers
constexpr auto kRetry = std::chrono::milliseconds(20);
constexpr std::size_t kMostQuestions = 65'536;  // one message id each

int connect_to(const test::Lab& lab, const DnsServer& server) {
  return test::in_namespace(lab.host(), [&] {
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const test::SocketAddress address(server.address, server.port);
    if (connect(descriptor, address.get(), address.length) != 0)
      throw std::system_error(errno, std::generic_category(), "connect");
    return descriptor;
  });
}

class Trickle {
 public:
  Trickle(const test::Lab& lab, const DnsServer& server, Names names, nanoseconds interval)
      : names_(names), interval_(interval), socket_(connect_to(lab, server)), sent_(names.count) {
    if (names.count > kMostQuestions) throw std::logic_error("more questions than message ids");
    // The kernel may otherwise wake this thread 50 us late (PR_SET_TIMERSLACK in prctl(2)).
    prctl(PR_SET_TIMERSLACK, 1);
  }
  ~Trickle() { close(socket_); }
  Trickle(const Trickle&) = delete;
  Trickle& operator=(const Trickle&) = delete;

  // Waits this long for answers after the last question.
  Latencies run(nanoseconds patience) {
    const SteadyTime start = now();
    for (std::size_t i = 0; i < names_.count; ++i) {
      const Bytes question = test::write_query({.name = name(names_.first + i),
                                                .id = static_cast<std::uint16_t>(i),
                                                .edns_size = std::nullopt});
      take_answers_until(start + interval_ * static_cast<std::int64_t>(i));
      sent_[i] = now();
      if (send(socket_, question.data(), question.size(), 0) < 0) sent_[i].reset();
    }
    const SteadyTime end = now() + patience;
    while (latencies_.size() < names_.count && now() < end)
      take_answers_until(std::min(end, now() + kRetry));
    return {latencies_, names_.count - latencies_.size()};
  }

 private:
  void take_answers_until(SteadyTime end) {
    for (SteadyTime time = now(); time < end; time = now()) {
      const auto left = std::chrono::duration_cast<nanoseconds>(end - time).count();
      const timespec patience{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
      pollfd wanted{socket_, POLLIN, 0};
      if (ppoll(&wanted, 1, &patience, nullptr) == 1) take_answers();
    }
  }

  void take_answers() {
    std::array<std::uint8_t, 1500> message{};
    ssize_t size = 0;
    while ((size = recv(socket_, message.data(), message.size(), 0)) >= 12) {
      const SteadyTime time = now();
      const auto id = static_cast<std::size_t>(message[0] << 8 | message[1]);
      const bool has_address = (message[3] & 0x0f) == 0 && (message[6] != 0 || message[7] != 0);
      if (id >= sent_.size() || !sent_[id] || !has_address) continue;
      latencies_.push_back(Milliseconds(time - *sent_[id]).count());
      sent_[id].reset();
    }
  }

  const Names names_;
  const nanoseconds interval_;
  const int socket_;
  std::vector<std::optional<SteadyTime>> sent_;  // of the questions that wait, by message id
  std::vector<double> latencies_;
};

}  // namespace

Latencies trickle(const test::Lab& lab, const DnsServer& server, Names names,
                  std::size_t per_second) {
  const nanoseconds interval(1'000'000'000 / per_second);
  return Trickle(lab, server, names, interval).run(kPatience);
}

void await_answer(const test::Lab& lab, const DnsServer& server, std::size_t name) {
  wait_until("an answer from " + server.address, [&] {
    return Trickle(lab, server, {name, 1}, kRetry).run(kRetry).unanswered == 0;
  });
}

}  // namespace egress::bench
