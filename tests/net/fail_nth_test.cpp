// Every file and netlink operation of egressd fails once, from its start on: afterwards it
// enforces, or it has ended and has opened nothing; and the next start is a good one.
// EGRESSD_FAIL_NTH=1 tries every N from 1 on instead of a few.
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "net/guard_fixture.hpp"

namespace egress::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAdded = "added.example.org";
constexpr auto kRecovery = 20s;  // a failed lookup is repeated after 5 s
constexpr std::size_t kMost = 2'000;

struct Failure {
  const char* name;
  const char* kind;  // of failing_calls.c
  int error;
  std::vector<std::size_t> sample;
};
void PrintTo(const Failure& failure, std::ostream* out) {
  *out << failure.name;
}

class FailTheNthCall : public GuardTest, public ::testing::WithParamInterface<Failure> {
 protected:
  FailTheNthCall() { dns.set(kAdded, {.addresses = {kApi4Second}}); }

  std::filesystem::path fired_path() const { return lab.dir() / "fired"; }
  // The call that has failed, or nothing.
  std::string fired() const {
    std::ifstream file(fired_path());
    std::string call;
    std::getline(file, call);
    return call;
  }
  std::vector<std::string> failing(std::size_t nth) const {
    return {"LD_PRELOAD=" FAILING_CALLS,
            "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0",
            "FAIL_KIND=" + std::string(GetParam().kind),
            "FAIL_AT=" + std::to_string(nth),
            "FAIL_ERRNO=" + std::to_string(GetParam().error),
            "FAIL_LOG=" + fired_path().string()};
  }

  bool starts() {
    try {
      daemon.start();
    } catch (const std::runtime_error&) {
      return false;
    }
    return true;
  }
  bool is_enforcing() const {
    const control::Reply reply = daemon.call(control::StatusRequest{});
    const auto* status = std::get_if<control::StatusReply>(&reply);
    return status != nullptr && status->state == "enforcing";
  }
  bool lists_added() const {
    return daemon.egressctl({"list"}).output.find(kAdded) != std::string::npos;
  }
  void expect_closed() {
    Tap after(lab.net(), "host0");
    EXPECT_EQ(tcp(kOther4), Seen::refused);
    EXPECT_EQ(tcp(kOther6), Seen::refused);
    EXPECT_EQ(after.count(kOther4) + after.count(kOther6), 0U);
  }
  void expect_good() {
    expect_closed();
    EXPECT_TRUE(eventually([&] { return tcp(kApi4) == Seen::answered; }, kRecovery));
    EXPECT_TRUE(eventually([&] { return rcode_of(ask("api.openai.com")) == kNoError; }, kRecovery));
    EXPECT_TRUE(eventually([&] { return is_enforcing(); }));
    EXPECT_TRUE(eventually([&] { return daemon.egressctl({"diff"}).exit_code == 0; }))
        << daemon.egressctl({"diff"}).output;
    expect_closed();
  }

  // False: fewer calls than that were made.
  bool fail(std::size_t nth) {
    const bool was_closed = nth % 2 == 0;
    if (!was_closed) lab.on_host({"nft", "delete", "table", "inet", "egressd"});
    std::filesystem::remove(fired_path());
    daemon.set_environment(failing(nth));
    bool is_kept = false;
    const bool is_running = starts();
    if (is_running) {
      is_kept = daemon.egressctl({"allow", kAdded}).exit_code == 0;
      daemon.egressctl({"reload"});
      expect_good();
      daemon.terminate();
    } else {
      EXPECT_TRUE(daemon.has_ended());
      EXPECT_NE(daemon.wait(), 0);
    }
    if (was_closed || is_running) expect_closed();
    const std::string call = fired();
    std::cout << GetParam().name << " " << nth << " " << call
              << (is_running ? is_kept ? ": enforces\n" : ": enforces, allow failed\n"
                             : ": ended\n");
    daemon.set_environment({});
    daemon.start();
    expect_good();
    EXPECT_TRUE(!is_kept || lists_added());
    daemon.egressctl({"deny", kAdded});
    daemon.terminate();
    return !call.empty();
  }

  Daemon daemon{lab, guarded_policy("api.openai.com:443")};
};

TEST_P(FailTheNthCall, LeavesTheHostClosedAndIsRecoveredFrom) {
  expect_good();
  daemon.terminate();
  const char* wanted = std::getenv("EGRESSD_FAIL_NTH");
  const bool is_full = wanted != nullptr;
  std::vector<std::size_t> all = GetParam().sample;
  if (is_full) {
    all.clear();
    for (std::size_t nth = std::stoul(wanted); nth <= kMost; ++nth) all.push_back(nth);
  }
  for (const std::size_t nth : all) {
    SCOPED_TRACE("call " + std::to_string(nth));
    const bool has_fired = fail(nth);
    if (is_full && !has_fired) return;
    ASSERT_TRUE(has_fired) << "the sample reaches beyond the last call";
    ASSERT_FALSE(HasFailure()) << daemon.log();
  }
}

// In sample: calls of start, of taking a table over, of the first commit and of what comes after.
const Failure kFailures[] = {{"FileNoSpace", "file", ENOSPC, {3, 12}},
                             {"FileError", "file", EIO, {6, 20}},
                             {"FileInterrupted", "file", EINTR, {60}},
                             {"FileNoDescriptor", "file", EMFILE, {40}},
                             {"NetlinkNoRoom", "netlink", ENOBUFS, {4, 35}},
                             {"NetlinkRefused", "netlink", EPERM, {7, 50, 132}},
                             {"NetlinkInterrupted", "netlink", EINTR, {10, 40}},
                             {"NetlinkTimeout", "netlink", EAGAIN, {150}},
                             {"NetlinkNoMemory", "netlink", ENOMEM, {99}}};
INSTANTIATE_TEST_SUITE_P(Each, FailTheNthCall, ::testing::ValuesIn(kFailures),
                         [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace egress::test
