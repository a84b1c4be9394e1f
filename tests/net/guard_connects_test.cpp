// No false refusal: whatever address a program is given is open when the program has it, even where
// the authoritative server gives every question another part of a large pool for a second.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>

#include "net/guard_fixture.hpp"
#include "support/address.hpp"

namespace egress::test {
namespace {

constexpr std::uint16_t kDoor = 9443;
constexpr unsigned kPool = 500;
constexpr const char* kName = "pool.openai.com";

// Accepts at every address of the internet and closes again at once.
class Doors {
 public:
  explicit Doors(const std::string& netns) {
    thread_ = std::thread([this, netns] {
      join_namespace(netns);
      const int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const int no = 0;
      setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
      const SocketAddress any("::", kDoor);
      if (bind(listener, any.get(), any.length) != 0 || listen(listener, 4096) != 0) std::abort();
      is_open_ = true;
      serve(listener);
      close(listener);
    });
    while (!is_open_) std::this_thread::yield();
  }
  ~Doors() {
    is_stopping_ = true;
    thread_.join();
  }
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

 private:
  void serve(int listener) {
    while (!is_stopping_) {
      pollfd ready{listener, POLLIN, 0};
      if (poll(&ready, 1, 100) != 1) continue;
      const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0) close(connection);
    }
  }
  std::atomic<bool> is_open_ = false, is_stopping_ = false;
  std::thread thread_;
};

// Two of the pool, others for every question.
std::optional<Bytes> rotate(const Bytes& question) {
  static std::atomic<unsigned> turn = 0;
  const auto end = std::find(question.begin() + 12, question.end(), 0);
  const std::uint8_t type = *(end + 2);
  Bytes out(question.begin(), end + 5);
  out[2] = 0x85;
  out[3] = 0x80;
  std::fill(out.begin() + 6, out.begin() + 12, std::uint8_t{0});
  if (type != kTypeA && type != kTypeAaaa) return out;
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned number = turn++ % kPool;
    const auto high = static_cast<std::uint8_t>(number / 250);
    const auto low = static_cast<std::uint8_t>(number % 250 + 1);
    Bytes address{104, 18, high, low};
    if (type == kTypeAaaa) address = {0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, high, low};
    const Bytes head{0xc0, 12, 0, type, 0, 1,
                     0,    0,  0, 1,    0, static_cast<std::uint8_t>(address.size())};
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), address.begin(), address.end());
    ++out[7];
  }
  return out;
}

struct Score {
  std::atomic<std::uint64_t> connects = 0, refused = 0, unanswered = 0;
  std::atomic<std::uint64_t> put_off =
      0;                            // SERVFAIL: the kernel took too long, as on a busy machine
  std::atomic<int> last_error = 0;  // of those that were refused
};

void connect_to(const std::string& address, Score& score) {
  const SocketAddress to(address, kDoor);
  const int s = socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Closed by a reset, so that neither port nor tracked connection lingers.
  const linger at_once{1, 0};
  setsockopt(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  if (connect(s, to.get(), to.length) != 0) {
    ++score.refused;
    score.last_error = errno;
  }
  ++score.connects;
  close(s);
}

// A program that resolves and connects at once, over and over; which server it asks makes no
// difference.
void run_client(const std::string& host, unsigned number, std::uint64_t goal, Score& score) {
  const std::vector<DnsServerAddress> servers{
      {kResolver}, {kPublic4}, {kResolver6}, {kPublic6, Over::tcp}, {kResolver, Over::tcp}};
  for (unsigned round = number; score.connects < goal; ++round) {
    DnsSocket resolver(host, servers[round % servers.size()]);
    const std::uint16_t type = round % 2 == 0 ? kTypeA : kTypeAaaa;
    const auto reply = resolver.ask({.name = kName, .type = type}, std::chrono::seconds(5));
    const std::vector<std::string> addresses =
        reply ? reply->texts(type) : std::vector<std::string>();
    if (rcode_of(reply) == kServFail)
      ++score.put_off;
    else if (addresses.empty())
      ++score.unanswered;
    for (const std::string& address : addresses) connect_to(address, score);
  }
}

std::uint64_t goal() {
  const char* wanted = std::getenv("EGRESSD_CONNECTS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 20'000;
}

class GuardConnects : public GuardTest {
 protected:
  void run_clients(std::uint64_t goal, Score& score) {
    std::vector<std::thread> clients;
    for (unsigned i = 0; i < 8; ++i)
      clients.emplace_back([&, i] {
        join_namespace(lab.host());
        run_client(lab.host(), i, goal, score);
      });
    for (std::thread& client : clients) client.join();
  }
  const Doors doors{lab.net()};
};

TEST_F(GuardConnects, NoAddressThatAProgramIsGivenIsRefused) {
  dns.set(kName, {.addresses = {}, .lie = rotate});
  const Daemon daemon(lab, guarded_policy("pool.openai.com:9443"));
  Score score;
  run_clients(goal(), score);
  std::cout << "guard: " << score.connects << " connects, " << score.refused << " refused, "
            << score.unanswered << " questions unanswered, " << score.put_off << " put off\n";
  EXPECT_LE(score.put_off, score.connects / 1000);
  EXPECT_GE(score.connects, goal());
  EXPECT_EQ(score.refused, 0u) << std::strerror(score.last_error) << '\n' << daemon.log();
  EXPECT_EQ(score.unanswered, 0u) << daemon.log();
}

// The contrast, which also shows that the test can fail: a polling daemon sees other addresses than
// its clients.
TEST_F(GuardConnects, PollingRefusesSomeOfThem) {
  dns.set(kName, {.addresses = {}, .lie = rotate});
  const Daemon daemon(lab, policy("pool.openai.com:9443"));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  Score score;
  std::thread client([&] {
    join_namespace(lab.host());
    while (score.connects < 500) {
      DnsSocket resolver(lab.host(), {kResolver});
      const auto reply = resolver.ask({.name = kName, .type = kTypeA});
      if (!reply) continue;
      for (const std::string& address : reply->texts(kTypeA)) connect_to(address, score);
    }
  });
  client.join();
  std::cout << "poll: " << score.connects << " connects, " << score.refused << " refused\n";
  EXPECT_GT(score.refused, 0u);
}

}  // namespace
}  // namespace egress::test
