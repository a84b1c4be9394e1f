// What others can make egressd hold, and how long they can hold it up.
// EGRESSD_HOSTILE=full learns past the bound of all learnt addresses.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "adapters/file_descriptor.hpp"
#include "control/client.hpp"
#include "control/codec.hpp"
#include "egress/core/limits.hpp"
#include "net/guard_fixture.hpp"
#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/process_times.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr uid_t kGreedy = 4321;
constexpr uid_t kOther = 5000;
constexpr const char* kManyPorts = "{ host: \"*.wild.test\", port: 1000-1255 }";

bool is_full_run() {
  const char* wanted = std::getenv("EGRESSD_HOSTILE");
  return wanted != nullptr && std::string_view(wanted) == "full";
}

std::string wild(std::size_t number) {
  return "n" + std::to_string(number) + ".wild.test";
}

// As many as fit into one answer over UDP, and that no other name has.
Zone long_answer(std::size_t number) {
  Zone zone{.addresses = {}, .ttl = 3600};
  for (std::size_t i = number * 70; i < number * 70 + 70; ++i)
    zone.addresses.push_back("20." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) +
                             "." + std::to_string(i & 255));
  return zone;
}

// The processor time that the daemon's own thread has used.
microseconds used_by(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/schedstat");
  std::uint64_t nanoseconds = 0;
  file >> nanoseconds;
  return microseconds(nanoseconds / 1000);
}

class Bounds : public GuardTest {
 protected:
  // One question about each of these names; what was told of each.
  void learn(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      dns.set(wild(i), long_answer(i));
      const auto reply = ask(wild(i));
      ASSERT_EQ(rcode_of(reply), kNoError) << wild(i);
      told_ = reply->texts(kTypeA);
    }
  }
  std::vector<std::string> told_;
};

// ---- what is learnt
// ------------------------------------------------------------------------------

TEST_F(Bounds, OfAWildcardZoneWithLongAnswersAFewAddressesOfEachNameAreToldAndOpened) {
  dns.set("exact.example.org", long_answer(90'000));
  const Daemon daemon(lab, guarded_policy("\"*.wild.test:443\", exact.example.org:443"));
  const std::size_t names = is_full_run() ? 5'000 : 50;
  learn(0, names);
  EXPECT_EQ(told_.size(), limits::kAddressesPerLearntAnswer);
  EXPECT_NE(tcp(told_.back()), Seen::refused);
  EXPECT_EQ(tcp(long_answer(names - 1).addresses.back()), Seen::refused);
  const auto exact = ask("exact.example.org");
  ASSERT_TRUE(exact);
  EXPECT_EQ(exact->texts(kTypeA).size(), 70u) << "control: the name that is written out has all";
  const auto status = daemon.ask<control::StatusReply>(control::StatusRequest{});
  const std::size_t learnt =
      std::min(names * limits::kAddressesPerLearntAnswer, limits::kLearntAddresses);
  EXPECT_EQ(status.addresses, learnt + 70);
  EXPECT_GE(status.elements, learnt + 70);
  EXPECT_LE(status.elements, learnt + 80);
}

// ---- listings
// --------------------------------------------------------------------------------------

class Listings : public Bounds {
 protected:
  const std::size_t names = is_full_run() ? 25 : 8;
  Listings() { learn(0, names); }

  template <class Reply>
  std::future<Reply> start(const control::Request& request) {
    return std::async(std::launch::async, [this, request] { return daemon.ask<Reply>(request); });
  }

  // The least of three, in processor time: others may keep the machine busy.
  microseconds cost_to_daemon(const control::Request& request) const {
    microseconds least = 1h;
    for (int i = 0; i < 3; ++i) {
      const microseconds before = used_by(daemon.pid());
      daemon.call(request);
      least = std::min(least, used_by(daemon.pid()) - before);
    }
    return least;
  }

  Daemon daemon{
      lab, guarded_policy(kManyPorts + std::string(", api.openai.com:443, \"*.new.test:443\""))};
};

// However large the table: the daemon forks, and its child does the work.
TEST_F(Listings, CostTheDaemonItselfAFractionOfTheWork) {
  ASSERT_GE(daemon.ask<control::StatusReply>(control::StatusRequest{}).elements,
            names * limits::kAddressesPerLearntAnswer * 256);
  const std::vector<control::Request> requests{
      control::ListRequest{},
      control::StatusRequest{},
      control::DiffRequest{},
      control::ProofRequest{},
      control::RefusalsRequest{},
      control::HealthRequest{},
      control::WhyRequest{.target = long_answer(3).addresses[0]}};
  std::vector<microseconds> costs;
  for (const control::Request& request : requests) {
    costs.push_back(cost_to_daemon(request));
    std::cout << costs.back().count() << " us of the daemon for " << control::encode(request);
  }
  const microseconds fork = *std::ranges::min_element(costs);
  for (std::size_t i = 0; i < requests.size(); ++i)
    EXPECT_LT(costs[i], 3 * fork) << "more than its fork: " << control::encode(requests[i]);

  const ProcessTimes before = process_times(daemon.pid());
  const microseconds own_before = used_by(daemon.pid());
  daemon.call(control::DiffRequest{});
  EXPECT_LT(5 * (used_by(daemon.pid()) - own_before),
            process_times(daemon.pid()).of_children - before.of_children)
      << "control: there is much work";
}

// By order, not by time: whoever asks while a listing is being made is answered before it is done.
TEST_F(Listings, HoldUpNoAnswerAndNoCommit) {
  dns.set("late.example.org", {.addresses = {kOther4}});
  std::size_t answers = 0;
  std::size_t commits = 0;
  int listings = 0;
  while (listings < 3 || (listings < 20 && (answers < 3 || commits < 3))) {
    ++listings;
    auto listing = start<control::DiffReply>(control::DiffRequest{});
    while (listing.wait_for(0s) != std::future_status::ready) {
      EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
      if (listing.wait_for(0s) != std::future_status::ready) ++answers;
      EXPECT_EQ(daemon.egressctl({"allow", "late.example.org:443"}).exit_code, 0);
      if (listing.wait_for(0s) != std::future_status::ready) ++commits;
      EXPECT_EQ(daemon.egressctl({"deny", "late.example.org:443"}).exit_code, 0);
    }
    const control::DiffReply diff = listing.get();
    EXPECT_TRUE(diff.missing.empty() && diff.unexpected.empty() && diff.misdated.empty())
        << "what was changed meanwhile is no difference";
  }
  std::cout << answers << " answers and " << commits << " changes during " << listings
            << " listings\n";
  EXPECT_GE(answers, 3u);
  EXPECT_GE(commits, 3u);
}

// New names all the while, which the kernel's listing cannot but see or miss.
TEST_F(Listings, OfATableThatNeverRestsShowNoDifferenceThatIsNone) {
  std::atomic<bool> is_over = false;
  auto asking = std::async(std::launch::async, [&] {
    for (std::size_t i = 1000; !is_over; ++i) {
      const std::string name = "n" + std::to_string(i) + ".new.test";
      dns.set(name, {.addresses = {"20.200." + std::to_string(i >> 8 & 255) + "." +
                                   std::to_string(i & 255)}});
      EXPECT_EQ(rcode_of(ask(name)), kNoError);
    }
  });
  for (int i = 0; i < 3; ++i) {
    const auto reply = control::call(daemon.socket(), control::DiffRequest{});
    const auto* diff = reply ? std::get_if<control::DiffReply>(&*reply) : nullptr;
    if (diff == nullptr) {
      ADD_FAILURE() << (reply ? control::encode(*reply) : reply.error().message) << daemon.log();
      continue;
    }
    EXPECT_THAT(diff->missing, testing::IsEmpty());
    EXPECT_THAT(diff->unexpected, testing::IsEmpty());
    EXPECT_THAT(diff->misdated, testing::IsEmpty());
    EXPECT_THAT(diff->deviations, testing::IsEmpty());
  }
  is_over = true;
  asking.get();
}

TEST_F(Listings, AProcessThatDiesIsToldAndTheDaemonGoesOn) {
  auto listing =
      std::async(std::launch::async, [&] { return daemon.call(control::DiffRequest{}); });
  const std::string children = "/proc/" + std::to_string(daemon.pid()) + "/task/" +
                               std::to_string(daemon.pid()) + "/children";
  pid_t child = 0;
  ASSERT_TRUE(eventually([&] {
    std::ifstream(children) >> child;
    return child != 0;
  }));
  ASSERT_EQ(kill(child, SIGSEGV), 0);
  const control::Reply reply = listing.get();
  const auto* refused = std::get_if<control::Refused>(&reply);
  ASSERT_NE(refused, nullptr);
  EXPECT_NE(refused->message.find("ended before it was done"), std::string::npos);
  EXPECT_NE(daemon.log().find("report-failed"), std::string::npos);
  EXPECT_EQ(rcode_of(ask("api.openai.com")), kNoError);
  EXPECT_NO_THROW(daemon.ask<control::ListReply>(control::ListRequest{}));
}

TEST_F(Listings, OfADaemonThatIsKilledDieWithIt) {
  auto listing = std::async(std::launch::async, [&] {
    return control::call(daemon.socket(), control::DiffRequest{}).has_value();
  });
  const std::string children = "/proc/" + std::to_string(daemon.pid()) + "/task/" +
                               std::to_string(daemon.pid()) + "/children";
  pid_t child = 0;
  ASSERT_TRUE(eventually([&] {
    std::ifstream(children) >> child;
    return child != 0;
  }));
  daemon.crash();
  listing.get();
  EXPECT_TRUE(eventually([&] { return kill(child, 0) != 0; }));
}

// ---- places at the guard's TCP
// ---------------------------------------------------------------------

// Connections to the guard from five loopback addresses, of one user.
std::vector<FileDescriptor> hold_places(const std::string& netns, std::size_t count) {
  return std::async(std::launch::async,
                    [&] {
                      join_namespace(netns);
                      become_in_thread(kGreedy);
                      std::vector<FileDescriptor> held;
                      for (std::size_t i = 0; i < count; ++i) {
                        held.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
                        const SocketAddress from("127.0.0." + std::to_string(1 + i % 5), 0);
                        const SocketAddress guard("127.0.0.1", 53);
                        EXPECT_EQ(bind(held.back().get(), from.get(), from.length), 0)
                            << strerror(errno);
                        EXPECT_EQ(connect(held.back().get(), guard.get(), guard.length), 0)
                            << strerror(errno);
                      }
                      return held;
                    })
      .get();
}

std::size_t open_ones(const std::vector<FileDescriptor>& sockets) {
  return static_cast<std::size_t>(std::ranges::count_if(sockets, [](const FileDescriptor& held) {
    char octet = 0;
    return recv(held.get(), &octet, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }));
}

TEST_F(Bounds, OneUsersTcpConnectionsKeepNobodyElseFromTheGuard) {
  const Daemon daemon(lab, guarded_policy("api.openai.com:443"));
  const auto over_tcp = [&](uid_t user) {
    return rcode_of(test::ask(lab.host(), {kResolver, Over::tcp},
                              {.name = "api.openai.com", .type = kTypeA}, {.user = user}));
  };
  ASSERT_EQ(over_tcp(kOther), kNoError);
  const auto held = hold_places(lab.host(), 300);
  EXPECT_TRUE(eventually([&] { return open_ones(held) <= limits::kDnsConnectionsPerClient; }));
  EXPECT_GE(open_ones(held), limits::kDnsConnectionsPerClient - 1)
      << "control: they do hold places";
  for (int i = 0; i < 6; ++i) EXPECT_EQ(over_tcp(kOther), kNoError);
  EXPECT_EQ(over_tcp(0), kNoError);
  EXPECT_EQ(over_tcp(kGreedy), kNoError) << "nor the user itself, whose idle ones make room";
}

// ---- whose moments
// -----------------------------------------------------------------------------------

class Moments : public GuardTest {
 protected:
  static constexpr int kTimes = 8;
  // How often a question arrived at the far side while a program asked, of kTimes.
  int questions_with_a_program(const char* refresh) {
    dns.set("tick.example.org", {.addresses = {kApi4}, .ttl = 1});
    const Daemon daemon(
        lab, "version: 1\nresolvers: [10.77.0.1]\nlimits: { min_ttl: 30s }\ndns: { refresh: " +
                 std::string(refresh) + " }\nallow: [tick.example.org:443]\n");
    EXPECT_EQ(rcode_of(ask("tick.example.org")), kNoError);
    int coincide = 0;
    for (int i = 0; i < kTimes; ++i) {
      std::this_thread::sleep_for(1100ms);
      const std::size_t before = dns.asked("tick.example.org");
      const auto reply = ask("tick.example.org");
      EXPECT_EQ(rcode_of(reply), kNoError);
      EXPECT_EQ(reply->texts(kTypeA), std::vector<std::string>{kApi4});
      EXPECT_EQ(tcp(kApi4), Seen::answered);
      if (dns.asked("tick.example.org") != before) ++coincide;
    }
    return coincide;
  }
};

TEST_F(Moments, OnDemandAreTheProgramsWhereAnAnswerIsOver) {
  EXPECT_EQ(questions_with_a_program("on-demand"), kTimes) << "the control of the next one";
}

TEST_F(Moments, OnItsOwnClockAreNoPrograms) {
  EXPECT_EQ(questions_with_a_program("own-clock"), 0);
}

}  // namespace
}  // namespace egress::test
