// What a question waits for while others list a large table, again and again.
#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "bench/authority.hpp"
#include "bench/dns_load.hpp"
#include "bench/egressd.hpp"
#include "bench/report.hpp"
#include "support/as_user.hpp"
#include "support/raw_client.hpp"

namespace egress::bench {
namespace {

using namespace std::chrono_literals;

constexpr double kGoal = 20;  // ms: by so much the slowest answer may be later
constexpr std::size_t kAddresses = 10;
constexpr std::size_t kPerSecond = 100;  // questions: a busy host's
constexpr uid_t kFirstReader = 60'000;
const DnsServer kGuard{"127.0.0.1", 553};
const DnsServer kRedirected{test::kResolver, 53};

struct Load {
  std::size_t held;       // names of the policy
  std::size_t questions;  // of each kind
  int rounds;
};

// Eight users who may only read. Each sends `list` over and over, on a connection of its own, and
// does not look at the reply, so that the clients take little time themselves.
class Readers {
 public:
  explicit Readers(const std::string& path) {
    for (uid_t user = kFirstReader; user < kFirstReader + 8; ++user)
      readers_.push_back(test::start_as_user(user, [this, path] { list(path); }));
  }
  ~Readers() {
    is_over_ = true;
    for (auto& reader : readers_) reader.wait();
  }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  std::size_t listed() const { return listed_; }

 private:
  void list(const std::string& path) {
    while (!is_over_) {
      test::RawClient client(path);
      if (!client.is_connected() || !client.send("{\"command\":\"list\"}\n")) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      while (!client.has_line() && !client.is_ended() && !is_over_) {
        std::this_thread::sleep_for(2ms);
        client.read();
      }
      if (client.has_line()) ++listed_;
    }
  }

  std::atomic<bool> is_over_ = false;
  std::atomic<std::size_t> listed_ = 0;
  std::vector<std::future<void>> readers_;
};

// Times in ms, of all rounds.
struct Times {
  std::vector<double> held;        // an answer that is held
  std::vector<double> fresh;       // of a new name: asked, opened, told
  std::vector<double> redirected;  // the same, asked of the resolver, and so led to the guard
};

// `names` of the policy are asked, and as many that nobody has asked before.
class Questions {
 public:
  Questions(const test::Lab& lab, const Load& load) : lab_(lab), load_(load), next_(load.held) {}

  void ask(Times& times) {
    note(times.held, trickle(lab_, kGuard, {0, load_.questions}, kPerSecond));
    note(times.fresh, trickle(lab_, kGuard, {next_, load_.questions}, kPerSecond));
    next_ += load_.questions;
    note(times.redirected, trickle(lab_, kRedirected, {0, load_.questions}, kPerSecond));
  }

 private:
  static void note(std::vector<double>& times, const Latencies& latencies) {
    must_hold(latencies.unanswered <= latencies.milliseconds.size() / 50,
              "98 of 100 questions are answered");
    times.insert(times.end(), latencies.milliseconds.begin(), latencies.milliseconds.end());
  }

  const test::Lab& lab_;
  const Load& load_;
  std::size_t next_;
};

void add(Table& table, const std::string& what, const std::vector<double>& alone,
         const std::vector<double>& beside) {
  const double later = percentile(beside, 100) - percentile(alone, 100);
  table.add({what, number(median(alone), 3), number(percentile(alone, 100), 2),
             number(median(beside), 3), number(percentile(beside, 99), 2),
             number(percentile(beside, 100), 2), number(later, 1), "≤ " + number(kGoal, 0),
             at_most(later, kGoal)});
}

void body(Effort effort) {
  const Load load = effort == Effort::quick ? Load{1'000, 100, 1} : Load{9'900, 700, 3};
  const test::Lab lab(test::Lab::Servers::none);
  const std::size_t all = load.held + 2 * load.questions * static_cast<std::size_t>(load.rounds);
  const Authority authority(lab.net(), {.names = all, .ttl = 3600, .ipv4 = kAddresses});
  const test::Daemon daemon(lab, policy_of(load.held) + "  - \"*.bench.example:443\"\n");
  wait_until("all answered", [&] { return authority.answered() == 2 * load.held; });
  Questions questions(lab, load);
  Times alone;
  Times beside;
  std::size_t listed = 0;
  for (int round = 0; round < load.rounds; ++round) {
    questions.ask(alone);
    const Readers readers(daemon.socket());
    questions.ask(beside);
    listed += readers.listed();
  }
  must_hold(listed > 0, "the table is listed meanwhile");
  Table table(
      "Answers while eight users list " + std::to_string(load.held * kAddresses) + " addresses, ms",
      {"question", "alone: p50", "slowest", "beside listings: p50", "p99", "slowest",
       "slowest, later by", "goal", ""});
  add(table, "an answer that is held", alone.held, beside.held);
  add(table, "a new name: asked, opened, told", alone.fresh, beside.fresh);
  add(table, "an answer that is held, redirected", alone.redirected, beside.redirected);
  table.remark(std::to_string(beside.held.size()) + " questions of each kind, and " +
               std::to_string(listed) + " listings meanwhile.");
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
