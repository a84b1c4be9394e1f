// Everybody on the host may talk to the control socket, and not everybody is well-meaning.
// EGRESSD_HOSTILE=full lists 9,991 entries instead of 2,001.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "control/client.hpp"
#include "control/codec.hpp"
#include "net/guard_fixture.hpp"
#include "support/as_user.hpp"
#include "support/raw_client.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kConnections = 10'000;
constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kMayGrow = 64 * kMiB;  // the daemon, under any attack

bool is_full_run() {
  const char* wanted = std::getenv("EGRESSD_HOSTILE");
  return wanted != nullptr && std::string_view(wanted) == "full";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, kConnections + 1'000);
  limit.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

RawClient connect_patiently(const std::string& path) {
  for (;;) {
    RawClient client(path);
    if (client.is_connected()) return client;
    std::this_thread::sleep_for(1ms);  // the queue is full
  }
}

// Whoever has no rights sends one piece again and again, on as many connections as it takes.
void flood(const std::string& path, const std::string& piece, std::size_t bytes) {
  for (std::size_t sent = 0; sent < bytes;) {
    RawClient client = connect_patiently(path);
    for (std::size_t taken = 1; taken > 0 && sent < bytes; sent += taken)
      taken = client.send_some(piece);
  }
}

// A client that has no use for the reply costs the machine nothing but the daemon's time.
void list_without_looking(const std::string& path, const std::atomic<bool>& is_over) {
  RawClient client = connect_patiently(path);
  client.send("{\"command\":\"list\"}\n");
  while (!client.has_line() && !client.is_ended() && !is_over) {
    std::this_thread::sleep_for(1ms);
    client.read();
  }
}

class HostileControl : public GuardTest {
 protected:
  HostileControl() {
    raise_descriptor_limit();
    // What the sanitizer keeps of freed memory would hide what the daemon itself takes.
    daemon.set_environment({"ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1"});
    daemon.crash();
    daemon.start();
  }

  // Root changes the policy, and a program asks for the new name, whatever else goes on.
  void expect_service() {
    const std::string name = "n" + std::to_string(++served_) + ".example.org";
    dns.set(name, {.addresses = {kApi4Second}});
    const auto start = Steady::now();
    const Finished allow = daemon.egressctl({"allow", name});
    const auto allowed = Steady::now();
    EXPECT_EQ(allow.exit_code, 0) << allow.output;
    EXPECT_EQ(rcode_of(ask(name)), kNoError);
    const auto told = Steady::now();
    EXPECT_TRUE(is_blocked(ask("secret.example.org")));
    EXPECT_EQ(daemon.egressctl({"deny", name}).exit_code, 0);
    slowest_allow_ = std::max(slowest_allow_, allowed - start);
    slowest_answer_ = std::max(slowest_answer_, told - allowed);
  }
  // At least once, and as long as `attack` goes on.
  template <class Result>
  void expect_service_during(std::future<Result>& attack) {
    do expect_service();
    while (attack.wait_for(0s) != std::future_status::ready);
  }

  std::size_t resident() const {
    const std::string status = read_file("/proc/" + std::to_string(daemon.pid()) + "/status");
    const std::size_t at = status.find("VmRSS:");
    return at == std::string::npos ? 0 : std::stoul(status.substr(at + 6)) * 1024;
  }
  // For the record; nothing is asserted about times.
  void report(std::size_t before) const {
    const auto in_ms = [](Steady::duration time) { return time / 1ms; };
    std::cout << "services " << served_ << ", slowest allow " << in_ms(slowest_allow_)
              << " ms, slowest answer " << in_ms(slowest_answer_) << " ms, memory " << before / kMiB
              << " -> " << resident() / kMiB << " MiB\n";
  }

  Daemon daemon{lab, guarded_policy("api.openai.com:443, github.com:443")};
  const std::string path = daemon.socket();

 private:
  std::size_t served_ = 0;
  Steady::duration slowest_allow_{};
  Steady::duration slowest_answer_{};
};

TEST_F(HostileControl, TenThousandHalfOpenConnectionsHoldUpNobody) {
  expect_service();
  const std::size_t before = resident();
  auto attack = start_as_user(kNobody, [this] {
    std::vector<RawClient> crowd;
    while (crowd.size() < kConnections) {
      crowd.push_back(connect_patiently(path));
      crowd.back().send("{\"command\":");
    }
    return crowd;
  });
  expect_service_during(attack);
  const std::vector<RawClient> crowd = attack.get();
  ASSERT_EQ(crowd.size(), kConnections);
  expect_service();
  EXPECT_LT(resident(), before + kMayGrow);
  report(before);
}

TEST_F(HostileControl, GarbageIsNoBurden) {
  expect_service();
  const std::size_t before = resident();
  const std::string kinds[] = {std::string(65'536, 'x'),       std::string(65'536, '\n'),
                               std::string(65'536, '\0'),      std::string(65'536, '['),
                               std::string(65'536, '\xff'),    std::string(65'535, '[') + "\n",
                               std::string(65'534, '9') + "\n"};
  const std::size_t bytes = 1024 * kMiB / std::size(kinds);
  auto attack = start_as_user(kNobody, [&] {
    for (const std::string& kind : kinds) flood(path, kind, bytes);
  });
  expect_service_during(attack);
  attack.get();
  expect_service();
  EXPECT_LT(resident(), before + kMayGrow);
  report(before);
}

// Readers in a loop that take no reply, and writers of a byte at a time.
TEST_F(HostileControl, SlowAndGreedyClientsHoldUpNobody) {
  expect_service();
  const std::size_t before = resident();
  std::atomic<bool> is_over = false;
  std::string requests;
  while (requests.size() < 60'000) requests += "{\"command\":\"status\"}\n{\"command\":\"list\"}\n";
  auto greedy = start_as_user(kNobody, [&] {
    while (!is_over) flood(path, requests, 1);
  });
  auto slow = start_as_user(kNobody - 1, [&] {
    std::vector<RawClient> crowd;
    for (int i = 0; i < 16; ++i) crowd.push_back(connect_patiently(path));
    for (int second = 0; second < 3; ++second) {
      for (const RawClient& client : crowd) client.send("{");
      std::this_thread::sleep_for(1s);
    }
  });
  expect_service_during(slow);
  is_over = true;
  greedy.get();
  expect_service();
  EXPECT_LT(resident(), before + kMayGrow);
  report(before);
}

// Listing costs the most of all, the more so with a large table: whoever does nothing else gets a
// part of the daemon's time, and no question waits behind a crowd of them.
TEST_F(HostileControl, ReadersInALoopGetAPartOfTheTimeOnly) {
  std::string many = "api.openai.com:443";
  for (int i = 0; i < (is_full_run() ? 9'990 : 2'000); ++i)
    many += ", 20.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":443";
  daemon.write_policy(guarded_policy(many));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  expect_service();
  std::atomic<bool> is_over = false;
  std::atomic<std::size_t> listed = 0;
  std::vector<std::future<void>> readers;
  for (int i = 0; i < 8; ++i)
    readers.push_back(start_as_user(kNobody, [&] {
      for (; !is_over; ++listed) list_without_looking(path, is_over);
    }));
  std::size_t answered = 0;
  Steady::duration slowest{};
  for (; listed < 4; ++answered) {
    const auto start = Steady::now();
    EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
    slowest = std::max(slowest, Steady::now() - start);
  }
  const std::size_t lists = listed;
  for (int i = 0; i < 3; ++i) expect_service();
  is_over = true;
  for (auto& reader : readers) reader.get();
  EXPECT_GT(answered, 2 * lists);
  std::cout << lists << " listings, meanwhile " << answered << " answers, the slowest took "
            << slowest / 1ms << " ms\n";
  report(resident());
}

// Each kind of request, with something to do where it has members for that.
template <class Kind>
control::Request filled() {
  Kind request{};
  if constexpr (requires { request.targets; }) request.targets = {"github.com:443"};
  if constexpr (requires { request.target; }) request.target = "github.com:443";
  return request;
}
template <std::size_t... kIndex>
std::vector<control::Request> all_requests(std::index_sequence<kIndex...>) {
  return {filled<std::variant_alternative_t<kIndex, control::Request>>()...};
}
std::vector<control::Request> all_requests() {
  return all_requests(std::make_index_sequence<std::variant_size_v<control::Request>>());
}

class WithoutRights : public NetTest {
 protected:
  WithoutRights() {
    dns.set("api.openai.com", {.addresses = {kApi4}});
    dns.set("github.com", {.addresses = {kOther4}});
  }
  std::vector<std::string> listed(const Daemon& daemon) const {
    std::vector<std::string> targets;
    for (const auto& entry : daemon.ask<control::ListReply>(control::ListRequest{}).entries)
      targets.push_back(entry.target + " by " + entry.added_by);
    return targets;
  }
  std::string code_of(const Daemon& daemon, const control::Request& request) const {
    const auto reply = as_user(kNobody, [&] { return control::call(daemon.socket(), request); });
    if (!reply) return reply.error().message;
    const auto* refused = std::get_if<control::Refused>(&*reply);
    return refused == nullptr ? "done" : refused->code;
  }
};

// Every kind of request there is: a new one that changes something and is not told to need a right
// is seen by what it has changed.
TEST_F(WithoutRights, NothingCanBeChanged) {
  const Daemon daemon(lab, policy("api.openai.com:443"));
  ASSERT_EQ(daemon.egressctl({"allow", "172.66.0.243:443"}).exit_code, 0);
  daemon.write_policy(policy("api.openai.com:443, github.com:443"));  // a reload would see it
  const std::vector<std::string> before = listed(daemon);
  const std::filesystem::path additions = lab.dir() / "state/additions.yaml";
  const std::string kept = read_file(additions);
  ASSERT_NE(kept.find("172.66.0.243"), std::string::npos);
  for (control::Request request : all_requests()) {
    if (auto* deny = std::get_if<control::DenyRequest>(&request))
      deny->targets = {"172.66.0.243:443"};
    const std::string name = control::encode(request);
    EXPECT_EQ(code_of(daemon, request), control::changes_policy(request) ? "denied" : "done")
        << name;
    EXPECT_EQ(listed(daemon), before) << name;
    EXPECT_EQ(read_file(additions), kept) << name;
    EXPECT_EQ(tcp(kOther4), Seen::refused) << name;
    EXPECT_EQ(tcp(kApi4Second), Seen::answered) << name;
  }

  // The same from root does change something.
  for (const control::Request& request : all_requests())
    if (!std::holds_alternative<control::DenyRequest>(request)) daemon.call(request);
  EXPECT_NE(listed(daemon), before);
  EXPECT_NE(read_file(additions), kept);
  EXPECT_TRUE(eventually([&] { return tcp(kOther4) == Seen::answered; }));
}

}  // namespace
}  // namespace egress::test
