// A flood to what nobody allowed, from before the start of egressd to after its end, while all that
// may happen to a daemon happens to this one: not one packet of it arrives on the far side, and
// what is allowed never notices anything. EGRESSD_LEAK_EVENTS=full has each event happen as often
// as docs/guarantees.md says; it takes minutes.
#include <algorithm>
#include <cstdlib>
#include <future>
#include <iostream>
#include <random>

#include "net/docker_engine.hpp"
#include "net/net_test.hpp"
#include "support/allowed_traffic.hpp"
#include "support/container.hpp"
#include "support/flood.hpp"
#include "support/flood_count.hpp"
#include "support/foreign_flood.hpp"
#include "support/memory_group.hpp"

namespace egress::test {
namespace {

constexpr const char* kApi6Literal = "2606:4700:7::f6";
constexpr std::uint64_t kLittleMemory = 1 << 20;
const ForeignGround kGround{"10.77.0.2", "2001:db8:77::2", "203.0.113.99", "2001:db8:f200::1"};

bool is_full() {
  const char* value = std::getenv("EGRESSD_LEAK_EVENTS");
  return value != nullptr && std::string_view(value) == "full";
}

// Longer than WatchdogSec= of the unit.
std::chrono::milliseconds standstill() {
  return is_full() ? 35s : 500ms;
}

// What every policy here allows, by name and by address, and something more.
std::string leak_policy(std::string_view more_allowed, std::string_view more) {
  return guarded_policy("api.openai.com:443, " + std::string(kApi4Second) + ":443, \"[" +
                            kApi6Literal + "]:443\"" + std::string(more_allowed),
                        more);
}

std::string literals(int count) {
  std::string entries;
  for (int i = 0; i < count; ++i) {
    entries += ", 203.0." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250) + ":443";
  }
  return entries;
}

// Neighbours differ in entries, in rules (so that the table is replaced), or in both.
const std::vector<std::string>& policies() {
  constexpr const char* kHeld = "forward: [\"br-*\"]\n";
  static const std::vector<std::string> all{
      leak_policy("", kHeld),
      leak_policy(literals(50), kHeld),
      leak_policy("", "forward: [docker0, \"br-*\"]\n"),
      leak_policy(literals(50), "forward: [\"br-*\"]\nservices: { dhcp: false }\n"),
  };
  return all;
}

// Its sets, counters and base chains are others.
std::string policy_with_other_sets() {
  return leak_policy("", "forward: [\"br-*\"]\ndns: poll\n");
}

using Traffics = std::vector<std::unique_ptr<AllowedTraffic>>;

std::string first_failure(const Traffics& traffics) {
  for (const auto& traffic : traffics) {
    if (!traffic->failures().empty()) return traffic->failures().front();
  }
  return "none";
}

class Leak : public ::testing::Test {
 protected:
  struct Event {
    const char* name;
    int count, full_count;
    void (Leak::*happens)();
    int times() const { return is_full() ? full_count : count; }
  };

  Leak() { dns_.set("api.openai.com", {.addresses = {kApi4, kApi6}, .ttl = 600}); }

  static ForeignLanes container_lanes() {
    return lanes_of_container(kGround, "172.20.0.2", "fd20::2");
  }
  static ForeignLanes all_lanes() {
    ForeignLanes all = lanes_of_host(kGround);
    for (ForeignLane& lane : container_lanes()) all.push_back(std::move(lane));
    return all;
  }
  // Answers that the kernel rations, and packets that it drops for their source, show nothing.
  bool let_everything_out() const {
    lab_.on_host({"sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0",
                  "net.ipv4.icmp_msgs_per_sec=1000000", "net.ipv4.conf.all.rp_filter=0",
                  "net.ipv4.conf.br-lab.rp_filter=0", "net.ipv4.conf.uplink0.rp_filter=0"});
    return true;
  }

  // What egressd counts as refused, for what allowed traffic failed at.
  std::string refused_by_us() const {
    return run({.words =
                    {"ip", "netns", "exec", lab_.host(), "sh", "-c",
                     "date +%T.%N; nft list table inet egressd | sed -n '/set refused/,/^\t}/p'"}})
        .output;
  }
  static std::vector<Event> events();
  void start();
  void go_through(const Event& event);
  void stop();

  void reload();
  void swap();
  void swap_sets();
  void die();
  void run_out_of_memory();
  void stand_still();
  void stand_still_until_aborted();
  void be_flushed();
  void restart();
  void have_docker_come_and_go();

  std::chrono::microseconds up_to(std::chrono::microseconds most) {
    return std::chrono::microseconds(
        std::uniform_int_distribution<std::int64_t>(0, most.count())(random_));
  }
  void write_next_policy() { daemon_->write_policy(policies()[++policy_ % policies().size()]); }
  // As far as the daemon lives to do it.
  void try_to_reload() const {
    try {
      daemon_->ask<control::ReloadReply>(control::ReloadRequest{});
    } catch (const std::runtime_error&) {
    }
  }
  // Whether more arrives of every lane than had by then.
  bool all_foreign_arrive(const std::map<std::string, std::uint64_t>& before) const {
    return std::ranges::all_of(foreign_.read(), [&](const auto& count) {
      const auto was = before.find(count.first);
      return count.second > 100 + (was == before.end() ? 0 : was->second);
    });
  }
  bool all_arrive(const std::map<std::string, std::uint64_t>& counts) const {
    return std::ranges::all_of(counts, [](const auto& count) { return count.second > 100; });
  }
  struct Tally {
    std::uint64_t sent = 0, leaked = 0, connected = 0, names_failed = 0, literals_failed = 0;
  };
  Tally tally() const;
  std::uint64_t sent_as_others() const { return host_foreign_.sent() + container_foreign_.sent(); }

  Lab lab_;
  DnsServer dns_{lab_.net()};
  const TcpServer server_{lab_.net(), {443}};
  const Container container_{lab_};
  const FloodCount far_side_{lab_.net(), "host0", {kHostFlood, kContainerFlood}};
  const ForeignCount foreign_{lab_.net(), "host0", all_lanes()};
  const bool is_let_out_ = let_everything_out();
  const MemoryGroup memory_{lab_.host()};
  Flood host_flood_{lab_.host(), kHostFlood};
  Flood container_flood_{container_.netns(), kContainerFlood};
  ForeignFlood host_foreign_{lab_.host(), lanes_of_host(kGround)};
  ForeignFlood container_foreign_{container_.netns(), container_lanes()};
  ForeignFlood outside_{lab_.net(), outside_flows(kGround)};
  std::map<std::string, std::uint64_t> foreign_before_;
  std::optional<Daemon> daemon_;
  Traffics to_names_, to_literals_;
  std::size_t policy_ = 0;
  std::mt19937 random_{static_cast<std::mt19937::result_type>(getpid())};
};

void Leak::start() {
  ASSERT_TRUE(eventually([&] { return all_arrive(far_side_.read().unmarked); }))
      << "positive control";
  ASSERT_TRUE(eventually([&] { return all_foreign_arrive({}); }))
      << "positive control: " << testing::PrintToString(foreign_.read());
  daemon_.emplace(lab_, policies()[0]);
  host_flood_.mark();
  container_flood_.mark();
  std::this_thread::sleep_for(300ms);  // what was on its way
  foreign_before_ = foreign_.read();
  const std::vector<std::string> of_name{kApi4, kApi6}, literals{kApi4Second, kApi6Literal};
  for (const char* address : {kApi4, kApi6})
    ASSERT_TRUE(eventually([&] { return tcp_probe(lab_.host(), address, 443) == Seen::answered; }));
  const auto observe = [this] { return refused_by_us(); };
  for (const std::string& netns : {lab_.host(), container_.netns()}) {
    to_names_.push_back(std::make_unique<AllowedTraffic>(netns, of_name, observe));
    to_literals_.push_back(std::make_unique<AllowedTraffic>(netns, literals, observe));
  }
}

Leak::Tally Leak::tally() const {
  Tally sum{.sent = host_flood_.sent() + container_flood_.sent() + sent_as_others(),
            .leaked = far_side_.read().all_marked()};
  for (const auto& [lane, packets] : foreign_.read())
    sum.leaked += packets - foreign_before_.at(lane);
  for (const auto& traffic : to_names_) {
    sum.connected += traffic->connected();
    sum.names_failed += traffic->failures().size();
  }
  for (const auto& traffic : to_literals_) {
    sum.connected += traffic->connected();
    sum.literals_failed += traffic->failures().size();
  }
  return sum;
}

void Leak::go_through(const Event& event) {
  const Tally before = tally();
  for (int i = 0; i < event.times() && !HasFatalFailure(); ++i) (this->*event.happens)();
  for (const auto* traffics : {&to_names_, &to_literals_}) {
    for (const auto& traffic : *traffics) EXPECT_TRUE(traffic->transfers_go_on()) << event.name;
  }
  const Tally after = tally();
  const Tally here{.sent = after.sent - before.sent,
                   .leaked = after.leaked,
                   .connected = after.connected - before.connected,
                   .names_failed = after.names_failed - before.names_failed,
                   .literals_failed = after.literals_failed - before.literals_failed};
  EXPECT_EQ(here.leaked, 0U) << event.name;
  EXPECT_EQ(here.names_failed, 0U) << event.name << ": " << first_failure(to_names_);
  EXPECT_EQ(here.literals_failed, 0U) << event.name << ": " << first_failure(to_literals_);
  std::cout << "| " << event.name << " | " << event.times() << " | " << here.sent << " | "
            << here.leaked << " | " << here.connected << " | " << here.names_failed << " | "
            << here.literals_failed << " |" << std::endl;
}

// What is left refuses; without it the same senders get through again, so they never slept.
void Leak::stop() {
  daemon_->terminate();
  std::this_thread::sleep_for(300ms);
  const FloodCount::Counts counts = far_side_.read();
  for (const auto& [kind, packets] : counts.marked) EXPECT_EQ(packets, 0U) << kind;
  const auto foreign = foreign_.read();
  for (const auto& [lane, packets] : foreign) EXPECT_EQ(packets, foreign_before_.at(lane)) << lane;
  const Tally all = tally();
  EXPECT_EQ(all.names_failed, 0U) << first_failure(to_names_);
  std::cout << "sent in all: " << all.sent << ", of which the senders were told at once: "
            << host_flood_.refused() + container_flood_.refused() + host_foreign_.refused() +
                   container_foreign_.refused()
            << "; under addresses of others or about their flows: " << sent_as_others()
            << std::endl;
  if (is_full()) {
    EXPECT_GT(sent_as_others(), 1'000'000U);
  }
  lab_.nft("delete table inet egressd\ndelete table netdev egressd\n");
  EXPECT_TRUE(eventually([&] { return all_arrive(far_side_.read().marked); }))
      << "positive control";
  EXPECT_TRUE(eventually([&] { return all_foreign_arrive(foreign); })) << "positive control";
}

void Leak::reload() {
  ASSERT_EQ(daemon_->ask<control::ReloadReply>(control::ReloadRequest{}).problems,
            std::vector<std::string>{});
}

void Leak::swap() {
  write_next_policy();
  reload();
}

void Leak::swap_sets() {
  daemon_->write_policy(policy_with_other_sets());
  reload();
  swap();
}

// Killed at some moment of a policy's replacement, and every other time at some moment of the start
// that follows.
void Leak::die() {
  write_next_policy();
  const auto reload = std::async(std::launch::async, [this] { try_to_reload(); });
  std::this_thread::sleep_for(up_to(20ms));
  daemon_->crash();
  reload.wait();
  if (random_() % 2 == 0) {
    daemon_->launch();
    std::this_thread::sleep_for(up_to(400ms));
    daemon_->crash();
  }
  daemon_->start();
}

void Leak::run_out_of_memory() {
  const std::uint64_t kills = memory_.kills();
  memory_.hold(daemon_->process().pid(), kLittleMemory);
  daemon_->write_policy(leak_policy(literals(20'000), "forward: [\"br-*\"]\n"));
  try_to_reload();
  if (memory_.exists()) {
    EXPECT_TRUE(eventually([&] { return daemon_->process().has_ended(); }));
    EXPECT_EQ(memory_.kills(), kills + 1);
  }
  daemon_->crash();  // without such a group; the kernel sends the same signal
  write_next_policy();
  daemon_->start();
}

// Where no watchdog watches.
void Leak::stand_still() {
  daemon_->process().signal(SIGSTOP);
  std::this_thread::sleep_for(standstill());
  daemon_->process().signal(SIGCONT);
  reload();
}

// As systemd ends what its watchdog finds.
void Leak::stand_still_until_aborted() {
  daemon_->process().signal(SIGSTOP);
  std::this_thread::sleep_for(standstill());
  daemon_->process().signal(SIGABRT);
  daemon_->process().signal(SIGCONT);
  daemon_->process().wait();
  daemon_->start();
}

void Leak::be_flushed() {
  lab_.nft("flush ruleset\n");
}

void Leak::restart() {
  daemon_->terminate();
  daemon_->start();
}

// Rules of its own beside ours, from before and for a network of its own.
void Leak::have_docker_come_and_go() {
  DockerEngine engine(lab_);
  const auto rules = [&] { return lab_.on_host({"nft", "list", "table", "ip", "filter"}); };
  EXPECT_NE(rules().find("docker0"), std::string::npos);
  engine.make_network("agents", "fd18::/64");
  EXPECT_NE(rules().find("br-"), std::string::npos);
  engine.docker({"network", "rm", "agents"});
  engine.stop();
}

std::vector<Leak::Event> Leak::events() {
  return {{"reload", 60, 1'000, &Leak::reload},
          {"another policy", 60, 1'000, &Leak::swap},
          {"one with other sets, and back", 12, 200, &Leak::swap_sets},
          {"`kill -9` and start", 5, 100, &Leak::die},
          {"killed for want of memory", 1, 5, &Leak::run_out_of_memory},
          {"SIGSTOP and SIGCONT", 1, 1, &Leak::stand_still},
          {"SIGSTOP and SIGABRT", 1, 1, &Leak::stand_still_until_aborted},
          {"stop and start", 2, 50, &Leak::restart},
          {"dockerd starts and stops", 1, 20, &Leak::have_docker_come_and_go},
          {"`nft flush ruleset`", 60, 1'000, &Leak::be_flushed}};
}

TEST_F(Leak, NotOnePacketOfAFloodPassesAndNothingAllowedFails) {
  ASSERT_NO_FATAL_FAILURE(start());
  std::cout << "| event | times | sent | leaked | connected | names failed | literals failed |"
            << std::endl;
  for (const Event& event : events()) {
    ASSERT_NO_FATAL_FAILURE(go_through(event));
  }
  ASSERT_NO_FATAL_FAILURE(stop());
}

}  // namespace
}  // namespace egress::test
