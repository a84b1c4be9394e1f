// `egressctl verify` as a person runs it: command line, control socket, probes, output, exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <sstream>
#include <thread>

#include "control/server.hpp"
#include "control/unix_socket.hpp"
#include "egressctl/app.hpp"
#include "support/address.hpp"
#include "table_daemon.hpp"

namespace egress::verify {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// Serves a TableDaemon on a control socket, in a thread of its own.
class Served {
 public:
  Served(TableDaemon& daemon, const std::string& path)
      : daemon_(daemon), server_(make_server(path)), thread_([this] { serve(); }) {}
  ~Served() {
    is_stopping_ = true;
    thread_.join();
  }

 private:
  control::Server make_server(const std::string& path) {
    const auto answer = [this](control::ClientId id, const control::Request& request,
                               const control::Peer&) {
      server_.reply(id, reply_to(request), Instant{});
    };
    return std::move(*control::Server::start(std::move(*control::listen_at(path)), answer));
  }
  control::Reply reply_to(const control::Request& request) {
    if (std::holds_alternative<control::ProofRequest>(request)) return *daemon_.proof();
    if (std::holds_alternative<control::RefusalsRequest>(request)) return *daemon_.refusals();
    if (std::holds_alternative<control::StatusRequest>(request)) {
      control::StatusReply status;
      status.state = "enforcing", status.dns = "guard", status.protection = "watched";
      return status;
    }
    if (std::holds_alternative<control::HealthRequest>(request)) return daemon_.health()->reply;
    if (const auto* allow = std::get_if<control::AllowRequest>(&request)) {
      control::AllowReply reply;
      for (const auto& target : allow->targets) reply.targets.push_back(done(target, "open"));
      return daemon_.grant(allow->targets) ? reply : control::Reply();
    }
    if (const auto* deny = std::get_if<control::DenyRequest>(&request)) {
      control::DenyReply reply;
      for (const auto& target : deny->targets) reply.targets.push_back(done(target, "revoked"));
      return daemon_.revoke(deny->targets) ? reply : control::Reply();
    }
    return control::Refused{"failed", "not asked by verify"};
  }
  static control::TargetOutcome done(const std::string& target, const char* state) {
    control::TargetOutcome outcome;
    outcome.target = target, outcome.state = state;
    return outcome;
  }
  void serve() {
    while (!is_stopping_) {
      pollfd waiting{server_.fd(), POLLIN, 0};
      ::poll(&waiting, 1, 20);
      server_.dispatch(Instant{});
    }
  }

  TableDaemon& daemon_;
  control::Server server_;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

class VerifyCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { lab_ = std::make_unique<test::Lab>(test::Lab::Servers::all); }
  static void TearDownTestSuite() { lab_.reset(); }
  void SetUp() override { load_table(*lab_); }

  struct Outcome {
    ctl::Exit exit;
    std::string out;
    std::string err;
  };
  static Outcome egressctl(std::vector<const char*> words) {
    const std::string socket = lab_->dir() / "control.sock";
    words.insert(words.begin(), {"egressctl", "--socket", socket.c_str()});
    std::ostringstream out;
    std::ostringstream err;
    ctl::Context context{out, err, {}, {}, socket};
    const auto exit = test::in_namespace(lab_->host(), [&] {
      return ctl::run(static_cast<int>(words.size()), words.data(), context);
    });
    return {exit, out.str(), err.str()};
  }
  static Outcome verify(TableDaemon& daemon, std::vector<const char*> words = {}) {
    const Served served(daemon, lab_->dir() / "control.sock");
    const std::string ca = lab_->dir() / "ca.pem";
    words.insert(words.begin(), {"verify", "--ca", ca.c_str(), "--timeout", "600ms"});
    return egressctl(words);
  }

  static std::unique_ptr<test::Lab> lab_;
};
std::unique_ptr<test::Lab> VerifyCommand::lab_;

TEST_F(VerifyCommand, PrintsATableAndAVerdictAndExitsZeroOnlyWhenProven) {
  TableDaemon daemon(*lab_);
  const Outcome closed = verify(daemon);
  EXPECT_EQ(closed.exit, ctl::Exit::done) << closed.out << closed.err;
  EXPECT_THAT(closed.out, HasSubstr("EVIDENCE"));
  EXPECT_THAT(closed.out, HasSubstr("\nPROVEN: only the allow-list is reachable"));
  EXPECT_EQ(closed.err, "");
  EXPECT_THAT(closed.out, HasSubstr("note  table: watched: others can change it"));
  EXPECT_THAT(closed.out, Not(testing::ContainsRegex("\nok    [a-z]"))) << "what is in order";

  lab_->nft("insert rule inet egressd judge ip daddr 169.254.169.254 accept\n");
  const Outcome open = verify(daemon);
  EXPECT_EQ(open.exit, ctl::Exit::failed);
  EXPECT_THAT(open.out, HasSubstr("LEAK: cloud metadata: connect to tcp/169.254.169.254:80"));
  EXPECT_THAT(open.out, EndsWith("LEAK: 2 probes got through that must be refused\n"));
}

TEST_F(VerifyCommand, PrintsJson) {
  TableDaemon daemon(*lab_);
  const Outcome outcome = verify(daemon, {"--json"});
  EXPECT_EQ(outcome.exit, ctl::Exit::done);
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(document.at("verdict"), "proven");
  EXPECT_GT(document.at("probes").size(), 20U);
  EXPECT_THAT(document.at("doctor").dump(), HasSubstr(R"("severity":"note","subject":"table")"));
  for (const auto& probe : document.at("probes")) {
    EXPECT_EQ(probe.at("result"), "ok") << probe;
    for (const char* key : {"kind", "group", "expected", "seen", "latency_ms", "evidence", "means"})
      EXPECT_TRUE(probe.contains(key)) << key << probe;
  }
}

TEST_F(VerifyCommand, ListsItsProbesWithoutADaemon) {
  const Outcome listed = egressctl({"verify", "--list"});
  EXPECT_EQ(listed.exit, ctl::Exit::done);
  const auto document = nlohmann::json::parse(egressctl({"verify", "--list", "--json"}).out);
  EXPECT_GT(document.at("kinds").size(), 20U);
  for (const auto& kind : document.at("kinds"))
    EXPECT_THAT(listed.out, HasSubstr("\n" + kind.at("kind").get<std::string>() + " "));
}

TEST_F(VerifyCommand, MakesOnlyWhatIsChosenAndSaysSo) {
  TableDaemon daemon(*lab_);
  lab_->nft("insert rule inet egressd judge ip daddr 169.254.169.254 accept\n");
  const Outcome skipped = verify(daemon, {"--skip", "refused.metadata"});
  EXPECT_EQ(skipped.exit, ctl::Exit::done) << skipped.out;
  EXPECT_THAT(skipped.out, HasSubstr("no verdict over the whole: not refused.metadata"));
  const Outcome only = verify(daemon, {"--json", "--only", "refused.meta*,true"});
  EXPECT_EQ(only.exit, ctl::Exit::failed);
  const auto document = nlohmann::json::parse(only.out);
  EXPECT_EQ(document.at("chosen"), "only refused.meta*, true");
  std::vector<std::string> kinds;
  for (const auto& probe : document.at("probes")) kinds.push_back(probe.at("kind"));
  const auto doubled = std::ranges::unique(kinds);
  kinds.erase(doubled.begin(), doubled.end());
  EXPECT_THAT(kinds,
              testing::ElementsAre("works.control-dns", "works.control-connect", "refused.metadata",
                                   "true.table", "true.elements", "true.expiry", "true.socket",
                                   "true.clocks", "true.others", "true.forwarding"));
  const Outcome unknown = egressctl({"verify", "--only", "refused.metadta"});
  EXPECT_EQ(unknown.exit, ctl::Exit::usage);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"refused.metadata\""));
}

TEST_F(VerifyCommand, FailsInAuditModeAndOnADifferentTable) {
  TableDaemon audit(*lab_);
  audit.policy.mode = "audit";
  const Outcome audited = verify(audit);
  EXPECT_EQ(audited.exit, ctl::Exit::failed);
  EXPECT_THAT(audited.out, EndsWith("NOT ENFORCED: audit mode refuses nothing\n"));

  TableDaemon different(*lab_);
  different.policy.table.deviations = {"chain output:\x1b[2J policy accept"};
  const Outcome altered = verify(different);
  EXPECT_EQ(altered.exit, ctl::Exit::failed);
  EXPECT_THAT(altered.out, HasSubstr("FAILED: live table"));
  EXPECT_EQ(altered.out.find('\x1b'), std::string::npos);
}

TEST_F(VerifyCommand, TellsUsageFromFailureFromAnAbsentDaemon) {
  EXPECT_EQ(egressctl({"verify", "--timeout", "4s"}).exit, ctl::Exit::usage);
  EXPECT_EQ(egressctl({"verify", "--timeout", "50ms"}).exit, ctl::Exit::usage);
  EXPECT_EQ(egressctl({"verify", "--timeout", "fast"}).exit, ctl::Exit::usage);
  const Outcome no_ca = egressctl({"verify", "--ca", "/nonexistent.pem"});
  EXPECT_EQ(no_ca.exit, ctl::Exit::usage);
  EXPECT_THAT(no_ca.err, HasSubstr("/nonexistent.pem"));
  EXPECT_EQ(egressctl({"verify"}).exit, ctl::Exit::unreachable);
}

}  // namespace
}  // namespace egress::verify
