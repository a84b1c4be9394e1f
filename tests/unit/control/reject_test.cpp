// What the codec refuses, with the exact messages.
#include <gtest/gtest.h>

#include <random>

#include "control/codec.hpp"
#include "egress/core/limits.hpp"

namespace egress::control {
namespace {

std::string problem(const std::string& line) {
  const auto request = decode_request(line);
  return request ? "accepted" : request.error().message;
}

TEST(Reject, WhatIsNotOneJsonObject) {
  const std::string not_json = "not JSON: one object on one line is expected";
  for (const std::string& line :
       {std::string(), std::string("\n"), std::string("{"), std::string("status"),
        std::string("{\"command\":\"status\"}}"), std::string("{\"command\":\"status\"} x"),
        std::string("{'command':'status'}"), std::string("{\"command\":\"status\",}"),
        std::string("{\"command\":\"sta\xfftus\"}"), std::string("{\"command\":\"\0\"}", 13)}) {
    EXPECT_EQ(problem(line), not_json) << line;
  }
  for (const char* line : {"[]", "null", "1", "\"status\"", "true"}) {
    EXPECT_EQ(problem(line), "a message is a JSON object, {...}") << line;
  }
}

TEST(Reject, UnknownCommands) {
  const std::string missing = "the member \"command\" is missing or not a string";
  EXPECT_EQ(problem("{}"), missing);
  EXPECT_EQ(problem(R"({"command":1})"), missing);
  EXPECT_EQ(problem(R"({"reply":"status"})"), missing);
  EXPECT_EQ(problem(R"({"command":"shut\ndown"})"),
            "unknown kind of message \"shut\\x0adown\"; accepted: allow, deny, list, status, why, "
            "diff, reload, refusals, "
            "proof, dns, open, panic, resume, apply, confirm, health, announce");
  EXPECT_NE(problem(R"({"command":"refused","code":"a","message":"b"})"), "accepted");
}

TEST(Reject, UnknownMembers) {
  EXPECT_EQ(problem(R"({"command":"status","verbose":true})"),
            "status: unknown member \"verbose\"; accepted: none");
  EXPECT_EQ(problem(R"({"command":"deny","targets":["a"],"force":true})"),
            "deny: unknown member \"force\"; accepted: targets, dry_run");
  EXPECT_EQ(problem(R"({"command":"allow","targets":["a"],"Private":true})").substr(0, 40),
            "allow: unknown member \"Private\"; accepte");
}

TEST(Reject, RepeatedMembers) {
  EXPECT_EQ(problem(R"({"command":"status","command":"reload"})"),
            "the member \"command\" stands twice");
  EXPECT_EQ(problem(R"({"command":"deny","targets":["a"],"targets":["b"]})"),
            "the member \"targets\" stands twice");
}

TEST(Reject, MissingMembers) {
  EXPECT_EQ(problem(R"({"command":"allow"})"), "allow: the member \"targets\" is missing");
  EXPECT_EQ(problem(R"({"command":"why"})"), "why: the member \"target\" is missing");
}

TEST(Reject, WrongTypes) {
  EXPECT_EQ(problem(R"({"command":"allow","targets":"a"})"), "allow: \"targets\" must be a list");
  EXPECT_EQ(problem(R"({"command":"allow","targets":null})"), "allow: \"targets\" must be a list");
  EXPECT_EQ(problem(R"({"command":"allow","targets":["a",2]})"),
            "allow: \"targets[1]\" must be a string");
  EXPECT_EQ(problem(R"({"command":"allow","targets":["a"],"optional":1})"),
            "allow: \"optional\" must be true or false");
  EXPECT_EQ(problem(R"({"command":"allow","targets":["a"],"reason":["x"]})"),
            "allow: \"reason\" must be a string");
  const std::string number =
      "allow: \"for_s\" must be a whole number from -9223372036854775808 to 9223372036854775807";
  for (const char* value : {"1.5", "\"15m\"", "true", "9223372036854775808", "1e3", "{}"}) {
    EXPECT_EQ(problem(R"({"command":"allow","targets":["a"],"for_s":)" + std::string(value) + "}"),
              number)
        << value;
  }
}

TEST(Reject, NumbersOutOfRange) {
  const auto port = [](const std::string& value) {
    const auto reply = decode_reply(
        R"({"reply":"refusals","refused_packets":0,"refusals":[{"address":"a","transport":)"
        R"("tcp","packets":1,"port":)" +
        value + "}]}");
    return reply ? "accepted" : reply.error().message;
  };
  EXPECT_EQ(port("65535"), "accepted");
  EXPECT_EQ(port("65536"), "refusals: \"refusals[0].port\" must be a whole number from 0 to 65535");
  EXPECT_EQ(port("-1"), "refusals: \"refusals[0].port\" must be a whole number from 0 to 65535");
}

TEST(Reject, DnsRepliesThatAreNone) {
  const auto reply = [](const std::string& members) {
    const auto decoded = decode_reply(R"({"reply":"dns","mode":"guard")" + members + "}");
    return decoded ? "accepted" : decoded.error().message;
  };
  EXPECT_EQ(reply(R"(,"counts":[])"), "accepted");
  EXPECT_EQ(reply(""), "dns: the member \"counts\" is missing");
  EXPECT_EQ(reply(R"(,"counts":[{"verdict":"held"}])"),
            "dns: the member \"counts[0].questions\" is missing");
  EXPECT_EQ(reply(R"(,"counts":[],"latest":[{"name":"a","type":1,"verdict":"held"}])"),
            "dns: \"latest[0].type\" must be a string");
  EXPECT_EQ(reply(R"(,"counts":[],"waiting":-1)"),
            "dns: \"waiting\" must be a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(
      reply(R"(,"counts":[],"latest":[{"name":"a","type":"A","verdict":"held","user":"root"}])"),
      "dns: \"latest[0].user\" must be a whole number from -9223372036854775808 to "
      "9223372036854775807");
  EXPECT_EQ(problem(R"({"command":"dns","latest":5})"),
            "dns: unknown member \"latest\"; accepted: none");
}

TEST(Reject, DeepNesting) {
  const auto nested = [](std::size_t depth) {
    return R"({"command":"why","target":)" + std::string(depth, '[') + std::string(depth, ']') +
           "}";
  };
  EXPECT_EQ(problem(nested(7)), "why: \"target\" must be a string");
  EXPECT_EQ(problem(nested(8)), "nested more than 8 deep");
  EXPECT_EQ(problem(nested(30'000)), "nested more than 8 deep");
  EXPECT_EQ(problem(std::string(60'000, '[')), "nested more than 8 deep");
}

TEST(Reject, TooManyTargets) {
  const auto targets = [](std::size_t count) {
    return problem(
        encode(Request(DenyRequest{std::vector<std::string>(count, "a.example"), false})));
  };
  EXPECT_EQ(targets(0), "at least one target is needed");
  EXPECT_EQ(targets(limits::kTargetsPerRequest), "accepted");
  EXPECT_EQ(targets(limits::kTargetsPerRequest + 1),
            "257 targets in one request; at most 256 are accepted");
}

TEST(Reject, OverlongTexts) {
  AllowRequest request;
  request.targets = {std::string(limits::kTargetBytes, 'a')};
  request.reason = std::string(limits::kReasonBytes, 'r');
  EXPECT_EQ(problem(encode(Request(request))), "accepted");
  request.reason += "r";
  EXPECT_EQ(problem(encode(Request(request))), "the reason is longer than 256 bytes");
  request.reason = "";
  request.targets.front() += "a";
  EXPECT_EQ(problem(encode(Request(request))),
            "the target \"" + std::string(80, 'a') + "\u2026\" is longer than 512 bytes");
  EXPECT_NE(problem(encode(Request(WhyRequest{std::string(limits::kTargetBytes + 1, 'a')}))),
            "accepted");
}

TEST(Reject, GrantsThatAreNoTime) {
  const auto grant = [](std::int64_t for_s) {
    AllowRequest request;
    request.targets = {"a.example"};
    request.for_s = for_s;
    return problem(encode(Request(request)));
  };
  EXPECT_EQ(grant(1), "accepted");
  EXPECT_EQ(grant(31'536'000), "accepted");
  for (const std::int64_t for_s :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{31'536'001}, INT64_MAX}) {
    EXPECT_EQ(grant(for_s), "\"for_s\" must be 1 to 31536000 seconds") << for_s;
  }
}

TEST(Reject, DurationsOutOfRange) {
  EXPECT_EQ(problem(R"({"command":"open","for_s":604800})"), "accepted");
  for (const char* value : {"0", "604801", "-1"})
    for (const char* command : {"open", "panic"})
      EXPECT_EQ(problem(std::string(R"({"command":")") + command + R"(","for_s":)" + value + "}"),
                "\"for_s\" must be 1 to 604800 seconds");
  EXPECT_EQ(problem(R"({"command":"apply","text":"","confirm_s":3600})"), "accepted");
  for (const char* value : {"0", "3601"})
    EXPECT_EQ(problem(std::string(R"({"command":"apply","text":"","confirm_s":)") + value + "}"),
              "\"confirm_s\" must be 1 to 3600 seconds");
}

TEST(Reject, OverlongRequests) {
  const auto padded = [](std::size_t length) {
    std::string line = R"({"command":"status"})";
    return line.append(length - line.size() - 1, ' ') + "\n";
  };
  EXPECT_EQ(problem(padded(limits::kMessageBytes)), "accepted");
  EXPECT_EQ(problem(padded(limits::kMessageBytes + 1)), "the request is longer than 65536 bytes");
}

// What comes out of mutation is nearly always refused; whatever it is, it must not crash, and what
// is accepted must survive another round.
TEST(Reject, MutatedMessagesNeverCrash) {
  std::mt19937 random(20261121);
  const std::vector<std::string> seeds = {
      encode(Request(
          AllowRequest{{"a.example", "[2001:db8::1]:53"}, 900, true, false, true, false, "why"})),
      encode(Request(WhyRequest{"a.example"})),
      encode(Request(StatusRequest{})),
      encode(Reply(ListReply{{EntryReport{}}})),
      encode(Request(DnsRequest{})),
      encode(Reply(DnsReply{"guard",
                            1,
                            2,
                            3,
                            {{"held", 4}},
                            {{"whole", 5, 6, 7, 8}},
                            {{"a.example", "A", "::1", "udp", 1000, "held", 9, 10}}})),
      encode(Reply(HealthReply{1, 6, 2, "w", {{"log", true, ""}}, {{"::1", 3, 4, 5, ""}}, {{"ip nat", "", false, ""}}, ""})),
      encode(Reply(RefusalsReply{1, {{"192.0.2.1", "tcp", 1, 2}}}))};
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string line = seeds[below(seeds.size())];
    for (std::size_t edits = below(4); edits > 0; --edits) {
      const std::size_t at = below(line.size());
      if (below(3) == 0) line[at] = static_cast<char>(below(256));
      if (below(3) == 0) line.erase(at, 1 + below(8));
      if (below(3) == 0) line.insert(at, line.substr(below(line.size() + 1), below(12)));
      if (line.empty()) line = "{";
    }
    if (const auto request = decode_request(line)) {
      ++accepted;
      EXPECT_TRUE(decode_request(encode(*request)));
    }
    const auto reply = decode_reply(line);
    EXPECT_TRUE(!reply || decode_reply(encode(*reply)));
  }
  EXPECT_GT(accepted, 1'000) << "unedited lines are among them";
}

}  // namespace
}  // namespace egress::control
