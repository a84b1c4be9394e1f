// dns: golden output, and how many questions it shows.
#include <nlohmann/json.hpp>

#include "control/codec.hpp"
#include "egress/core/limits.hpp"
#include "unit/egressctl/fake_daemon.hpp"

namespace egress::ctl {
namespace {

using control::DnsQuestion;
using control::DnsReply;

DnsReply busy() {
  DnsReply reply;
  reply.mode = "guard";
  reply.waiting = 2, reply.names = 12, reply.learnt = 5;
  reply.counts = {{"held", 120}, {"asked", 30}, {"stale", 0}, {"refused", 7}, {"failed", 1}};
  reply.latencies = {{"queue", 30, 16, 32, 64},
                     {"upstream", 30, 4'096, 8'192, 2'097'152},
                     {"commit", 0, 0, 0, 0},
                     {"whole", 30, 4'096, 8'192, 2'097'152}};
  reply.latest = {
      {"api.example", "A", "127.0.0.1", "udp", 1000, "asked", 63, 4'200},
      {"\x1b[2Jevil.example", "TXT", "10.0.0.9", "tcp", std::nullopt, "refused", 0, 20}};
  return reply;
}

TEST(Dns, ShowsCountsLatenciesAndTheLatestQuestions) {
  const Ran ran = run_against(busy(), {"dns"});
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(
      ran.out,
      "dns guard: on; names held: 12 (learnt below wildcards: 5), questions waiting: 2\n"
      "\n"
      "VERDICT  QUESTIONS  MEANING\n"
      "held     120        answered from what is held\n"
      "asked    30         answered by the resolvers, released when the kernel had the addresses\n"
      "refused  7          the name is not allowed\n"
      "failed   1          SERVFAIL: no answer, or not in the kernel in time\n"
      "\n"
      "LATENCY   QUESTIONS  P50      P90      P99\n"
      "queue     30         0.02 ms  0.03 ms  0.06 ms\n"
      "upstream  30         4.1 ms   8.2 ms   2.1 s\n"
      "whole     30         4.1 ms   8.2 ms   2.1 s\n"
      "\n"
      "AGE    NAME                 TYPE  CLIENT              VERDICT  TOOK\n"
      "1m 3s  api.example          A     127.0.0.1 uid 1000  asked    4.2 ms\n"
      "0s     \\x1b[2Jevil.example  TXT   10.0.0.9 tcp        refused  0.02 ms\n");
}

TEST(Dns, SaysWhatPollMeans) {
  DnsReply reply;
  reply.mode = "poll";
  const Ran ran = run_against(reply, {"dns"});
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(
      ran.out,
      "dns guard: off (dns: poll): programs ask the resolvers themselves, and any name can be "
      "asked for\n"
      "no question yet\n");
}

TEST(Dns, IsJsonForPrograms) {
  const DnsReply reply = busy();
  EXPECT_EQ(run_against(reply, {"dns", "--json"}).out, control::encode(control::Reply(reply)));
}

TEST(Dns, ColoursOnATerminalOnly) {
  const Terminal terminal{true, true, 200};
  const Ran ran = run_against(busy(), {"dns"}, terminal);
  EXPECT_NE(ran.out.find("dns guard: \033[32mon\033[0m"), std::string::npos);
  EXPECT_NE(ran.out.find("\033[1;31mfailed\033[0m"), std::string::npos);
  EXPECT_EQ(ran.out.find("\033[2J"), std::string::npos);
}

DnsReply with_questions(std::size_t count) {
  DnsReply reply;
  reply.mode = "guard";
  for (std::size_t i = 0; i < count; ++i)
    reply.latest.push_back(
        {"q" + std::to_string(i) + ".example", "A", "::1", "udp", 0, "held", 0, 1});
  return reply;
}

std::size_t shown(const Ran& ran) {
  std::size_t count = 0;
  for (std::size_t at = ran.out.find(".example"); at != std::string::npos;
       at = ran.out.find(".example", at + 1))
    ++count;
  return count;
}

TEST(Dns, ShowsTheLatestAsManyAsWished) {
  const DnsReply reply = with_questions(limits::kJournal);
  EXPECT_EQ(shown(run_against(reply, {"dns"})), 20U);
  EXPECT_EQ(shown(run_against(reply, {"dns", "--latest", "0"})), 0U);
  EXPECT_EQ(shown(run_against(reply, {"dns", "--latest", "256"})), limits::kJournal);
  const Ran two = run_against(reply, {"dns", "--latest", "2"});
  EXPECT_EQ(shown(two), 2U);
  EXPECT_NE(two.out.find("q254.example"), std::string::npos);
  EXPECT_NE(two.out.find("q255.example"), std::string::npos);
  EXPECT_EQ(shown(run_against(with_questions(3), {"dns", "--latest", "9"})), 3U);
}

TEST(Dns, JsonHasAllUnlessTold) {
  const DnsReply reply = with_questions(limits::kJournal);
  EXPECT_EQ(shown(run_against(reply, {"dns", "--json"})), limits::kJournal);
  const Ran one = run_against(reply, {"dns", "--json", "--latest", "1"});
  EXPECT_EQ(nlohmann::json::parse(one.out).at("latest").at(0).at("name"), "q255.example");
}

TEST(Dns, AVerdictItDoesNotKnowIsShownAllTheSame) {
  DnsReply reply;
  reply.mode = "guard";
  reply.counts = {{"sunk\x1b", 3}};
  EXPECT_NE(run_against(reply, {"dns"}).out.find("sunk\\x1b  3"), std::string::npos);
}

}  // namespace
}  // namespace egress::ctl
