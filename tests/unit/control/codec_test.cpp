// Every message: the exact JSON, and back.
#include "control/codec.hpp"

#include <gtest/gtest.h>

#include "egress/core/limits.hpp"

namespace egress::control {
namespace {

void expect_request(const Request& request, const std::string& json) {
  EXPECT_EQ(encode(request), json + "\n");
  const auto decoded = decode_request(json);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->index(), request.index());
  EXPECT_EQ(encode(*decoded), json + "\n");
}

void expect_reply(const Reply& reply, const std::string& json) {
  EXPECT_EQ(encode(reply), json + "\n");
  const auto decoded = decode_reply(json);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->index(), reply.index());
  EXPECT_EQ(encode(*decoded), json + "\n");
}

TEST(Codec, Allow) {
  expect_request(
      AllowRequest{{"a.example:443", "b.example"},
                   900,
                   true,
                   true,
                   true,
                   true,
                   "a \"mirror\"\n",
                   true,
                   {"x.example"},
                   true},
      R"({"command":"allow","targets":["a.example:443","b.example"],"for_s":900,"optional":true,)"
      R"("private":true,"metadata":true,"dry_run":true,"reason":"a \"mirror\"\n","wide":true,"except":["x.example"],"srv":true})");
  AllowRequest plain;
  plain.targets = {"a.example"};
  expect_request(
      plain,
      R"({"command":"allow","targets":["a.example"],"for_s":null,"optional":false,"private":false,)"
      R"("metadata":false,"dry_run":false,"reason":"","wide":false,"except":[],"srv":false})");
  expect_reply(
      AllowReply{{{"tcp/a.example:443",
                   "open",
                   "ok",
                   RiskReport{"upload", "gists"},
                   {"192.0.2.1", "2001:db8::1"}}},
                 4200,
                 130,
                 {"pypi: PIP_RETRIES=0"}},
      R"({"reply":"allow","targets":[{"target":"tcp/a.example:443","state":"open","message":"ok",)"
      R"("risk":{"kind":"upload","why":"gists"},"addresses":["192.0.2.1","2001:db8::1"]}],"total_us":4200,"kernel_us":130,)"
      R"("notes":["pypi: PIP_RETRIES=0"]})");
}

TEST(Codec, Deny) {
  expect_request(DenyRequest{{"a.example"}, true},
                 R"({"command":"deny","targets":["a.example"],"dry_run":true})");
  expect_reply(DenyReply{{}, 3}, R"({"reply":"deny","targets":[],"cut_flows":3})");
}

TEST(Codec, RequestsWithoutMembers) {
  expect_request(ListRequest{}, R"({"command":"list"})");
  expect_request(StatusRequest{}, R"({"command":"status"})");
  expect_request(DiffRequest{}, R"({"command":"diff"})");
  expect_request(ReloadRequest{}, R"({"command":"reload"})");
  expect_request(RefusalsRequest{}, R"({"command":"refusals"})");
  expect_request(
      AnnounceRequest{{{"192.0.2.9", "udp", 9, 0}}, {{"192.0.2.8", "tcp", 8, 0}}},
      R"({"command":"announce","endpoints":[{"address":"192.0.2.9","transport":"udp","port":9,"packets":0}],)"
      R"("allowed":[{"address":"192.0.2.8","transport":"tcp","port":8,"packets":0}]})");
  expect_request(ProofRequest{}, R"({"command":"proof"})");
  expect_request(DnsRequest{}, R"({"command":"dns"})");
  expect_request(HealthRequest{}, R"({"command":"health"})");
}

TEST(Codec, List) {
  EntryReport entry;
  entry.target = "tcp/a.example:443";
  entry.state = "stale";
  entry.origin = "egressd.yaml:12:5";
  entry.added_by = "root (uid 0)";
  entry.optional = true;
  entry.except = {"x.example"};
  entry.srv = "example";
  entry.reason = "r";
  entry.risk = {"wide", "k"};
  entry.hosts = {"hn"};
  entry.error = "NXDOMAIN";
  entry.until_s = 60;
  entry.addresses = {{"192.0.2.1", 30, 7}};
  entry.hits = 18'446'744'073'709'551'615U;
  expect_reply(
      ListReply{{entry}, "open"},
      R"({"reply":"list","entries":[{"target":"tcp/a.example:443","state":"stale","origin":)"
      R"j("egressd.yaml:12:5","added_by":"root (uid 0)","optional":true,"except":["x.example"],"srv":"example","reason":"r",)j"
      R"j("risk":{"kind":"wide","why":"k"},)j"
      R"("hosts":["hn"],"error":"NXDOMAIN","until_s":60,"addresses":[{"address":"192.0.2.1","expires_s":30,"hits":7}],)"
      R"("hits":18446744073709551615}],"state":"open"})");
}

TEST(Codec, Status) {
  StatusReply status;
  status.version = "0.1.0";
  status.mode = "enforce";
  status.state = "enforcing";
  status.dns = "poll";
  status.refuse_with = "refused";
  status.resolvers = {"192.0.2.53"};
  status.zones = {{"corp", {"10.8.0.1"}}};
  status.resolver_source = "policy";
  status.policy_file = "/etc/egressd/egressd.yaml";
  status.policy_source = "last good", status.policy_problem = "pp";
  status.uptime_s = 1;
  status.entries = 2, status.names = 3, status.learnt = 12, status.addresses = 4,
  status.elements = 5, status.names_failing = 6;
  status.failing = {"f"}, status.forward = {"docker0"}, status.uplinks = {"br0"},
  status.holds_all = true, status.released = {"r"}, status.outward = {"o"}, status.wires = {"w"},
  status.inbound = {"22/tcp"}, status.metadata_s = 21, status.missing_features = {"m"},
  status.warnings = {"w"};
  status.commits = 7, status.failed_commits = 8, status.last_commit_us = 9,
  status.refused_packets = 10;
  status.held_links = {"h"}, status.unheld_links = {"u"}, status.refused_frames = 14;
  status.protection = "watched", status.tamperings = 15, status.last_tampering = "t",
  status.last_repair_us = 16;
  status.refusals = {{"192.0.2.9", "udp", 65535, 11}};
  status.crowded_packets = 18, status.tracked_flows = 19, status.most_flows = 20;
  status.foreign_packets = 17, status.proxies = {"p"}, status.tunnels = {"t"};
  status.unheard = {{"l", "b", "c"}}, status.hosts = {"hn"}, status.deviations = {"d"};
  status.until_s = 12, status.unconfirmed_s = 13;
  expect_reply(
      status,
      R"({"reply":"status","version":"0.1.0","mode":"enforce","state":"enforcing","dns":"poll",)"
      R"("refuse_with":"refused","resolvers":["192.0.2.53"],"zones":[{"zone":"corp","resolvers":["10.8.0.1"]}],"resolver_source":"policy","policy_file":"/etc/egressd/egressd.yaml",)"
      R"("policy_source":"last good","policy_problem":"pp",)"
      R"("uptime_s":1,"entries":2,"names":3,"learnt":12,"addresses":4,"elements":5,"names_failing":6,"failing":["f"],)"
      R"("forward":["docker0"],"uplinks":["br0"],"holds_all":true,"released":["r"],"outward":["o"],"wires":["w"],"inbound":["22/tcp"],"metadata_s":21,"missing_features":["m"],"warnings":["w"],"commits":7,"failed_commits":8,)"
      R"("last_commit_us":9,"held_links":["h"],"unheld_links":["u"],"refused_frames":14,"protection":"watched",)"
      R"("tamperings":15,"last_tampering":"t","last_repair_us":16,"refused_packets":10,"foreign_packets":17,"crowded_packets":18,"tracked_flows":19,"most_flows":20,)"
      R"("refusals":[{"address":"192.0.2.9","transport":"udp",)"
      R"("port":65535,"packets":11}],"proxies":["p"],"tunnels":["t"],)"
      R"("unheard":[{"link":"l","by":"b","command":"c"}],"hosts":["hn"],"deviations":["d"],"until_s":12,"unconfirmed_s":13})");
}

TEST(Codec, WhyDiffReloadRefusals) {
  expect_request(WhyRequest{"a.example"}, R"({"command":"why","target":"a.example"})");
  expect_reply(WhyReply{true, "s", {"f"}, {}},
               R"({"reply":"why","allowed":true,"summary":"s","facts":["f"],"entries":[]})");
  expect_reply(
      DiffReply{{"d"}, {"m"}, {"u"}, {"e"}},
      R"({"reply":"diff","deviations":["d"],"missing":["m"],"unexpected":["u"],"misdated":["e"]})");
  expect_reply(
      ReloadReply{1, 2, {"p"}, false, {{"forward", "br-*", "none"}}, {"w"}},
      R"({"reply":"reload","added":1,"removed":2,"problems":["p"],"changed":false,)"
      R"("settings":[{"setting":"forward","before":"br-*","after":"none"}],"warnings":["w"]})");
  expect_reply(
      RefusalsReply{5, {{"2001:db8::1", "tcp", 443, 6}}, 7},
      R"({"reply":"refusals","refused_packets":5,"refusals":[{"address":"2001:db8::1","transport":"tcp",)"
      R"("port":443,"packets":6}],"foreign_packets":7})");
}

TEST(Codec, Announce) {
  expect_reply(AnnounceReply{3}, R"({"reply":"announce","endpoints":3})");
}

TEST(Codec, ProofAndRefused) {
  ProofReply proof;
  proof.mode = "enforce", proof.dns = "guard", proof.refuse_with = "refused";
  proof.filtered = {"rebind.example"}, proof.resolvers = {"192.0.2.53"};
  proof.endpoints = {
      {"tcp/a.example:443", "a.example", "tcp", 443, true, {{"192.0.2.1", "e", 7}}, true, true}};
  proof.endpoints.front().srv = true;
  proof.inbound = {"22/tcp"}, proof.opens_metadata = true;
  proof.table = {{"d"}, {}, {}, {}};
  expect_reply(
      proof,
      R"({"reply":"proof","mode":"enforce","dns":"guard","refuse_with":"refused",)"
      R"("filtered":["rebind.example"],"resolvers":["192.0.2.53"],"endpoints":[{"target":)"
      R"("tcp/a.example:443","host":"a.example","transport":"tcp","port":443,"optional":true,)"
      R"("addresses":[{"address":"192.0.2.1","element":"e","hits":7}],"private":true,"metadata":true,"srv":true}],)"
      R"("inbound":["22/tcp"],"opens_metadata":true,"table":{"deviations":["d"],"missing":[],"unexpected":[],"misdated":[]}})");
  expect_reply(Refused{"denied", "no"}, R"({"reply":"refused","code":"denied","message":"no"})");
}

TEST(Codec, Dns) {
  DnsReply reply;
  reply.mode = "guard";
  reply.waiting = 1, reply.names = 2, reply.learnt = 3;
  reply.counts = {{"no data", 18'446'744'073'709'551'615U}};
  reply.latencies = {{"upstream", 4, 5, 6, 7}};
  reply.latest = {{"a\\000b.example", "TYPE999", "2001:db8::1", "tcp", 4'294'967'294, "held", 8, 9},
                  {"b.example", "A", "127.0.0.1", "udp", std::nullopt, "refused", 0, -1}};
  expect_reply(
      reply, R"({"reply":"dns","mode":"guard","waiting":1,"names":2,"learnt":3,)"
             R"("counts":[{"verdict":"no data","questions":18446744073709551615}],)"
             R"("latencies":[{"stage":"upstream","questions":4,"p50_us":5,"p90_us":6,"p99_us":7}],)"
             R"("latest":[{"name":"a\\000b.example","type":"TYPE999","client":"2001:db8::1",)"
             R"("transport":"tcp","user":4294967294,"verdict":"held","age_s":8,"took_us":9},)"
             R"({"name":"b.example","type":"A","client":"127.0.0.1","transport":"udp","user":null,)"
             R"("verdict":"refused","age_s":0,"took_us":-1}]})");
}

TEST(Codec, Health) {
  expect_reply(
      HealthReply{1,
                  6,
                  2,
                  "2026-12-01T00:00:00Z",
                  {{"frame filter", true, "c"}},
                  {{"192.0.2.53", 3, 4, 5, "timeout"}},
                  {{"ip nat", "nat output -100", true, "w"}},
                  "u",
                  {{"docker0", "ufw", "ufw allow"}},
                  {"h"}},
      R"({"reply":"health","pid":1,"uid":6,"boottime_ms":2,"wall":"2026-12-01T00:00:00Z",)"
      R"("capabilities":[{"name":"frame filter","present":true,"cost":"c"}],)"
      R"("resolvers":[{"address":"192.0.2.53","answers":3,"failures":4,"failures_since":5,)"
      R"("last_failure":"timeout"}],"other_tables":[{"table":"ip nat","hooks":"nat output -100",)"
      R"("can_pass_us":true,"why":"w"}],"unread":"u",)"
      R"("unheard":[{"link":"docker0","by":"ufw","command":"ufw allow"}],"hosts":["h"]})");
}

TEST(Codec, AMessageIsOneLineWhateverItHolds) {
  const std::string line = encode(Request(WhyRequest{std::string("a\nb\r\0\x1b", 6)}));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto decoded = decode_request(line);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<WhyRequest>(*decoded).target, std::string("a\nb\r\0\x1b", 6));
}

TEST(Codec, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(encode(Reply(Refused{"failed", "x\xff"})),
            "{\"reply\":\"refused\",\"code\":\"failed\",\"message\":\"x\xEF\xBF\xBD\"}\n");
}

TEST(Codec, AReplyOverTheLimitIsRefusedInstead) {
  const std::string filler(limits::kReplyBytes, 'x');
  const auto reply = decode_reply(encode(Reply(WhyReply{false, filler, {}, {}})));
  ASSERT_TRUE(reply);
  ASSERT_TRUE(std::holds_alternative<Refused>(*reply));
  EXPECT_EQ(std::get<Refused>(*reply).code, "failed");
}

TEST(Codec, Postures) {
  expect_request(OpenRequest{600}, R"({"command":"open","for_s":600})");
  expect_request(PanicRequest{}, R"({"command":"panic","for_s":null})");
  expect_request(ResumeRequest{}, R"({"command":"resume"})");
  expect_reply(PostureReply{"enforcing", "open", 600, "w"},
               R"({"reply":"posture","before":"enforcing","state":"open","until_s":600,)"
               R"("warning":"w"})");
}

TEST(Codec, ApplyAndConfirm) {
  expect_request(ApplyRequest{"version: 1\n", "new.yaml", 30},
                 R"({"command":"apply","text":"version: 1\n","source":"new.yaml","confirm_s":30})");
  expect_reply(
      ApplyReply{"/etc/egressd/egressd.yaml",
                 {"p"},
                 1,
                 2,
                 {{"t", {"wide", "w"}}},
                 30,
                 true,
                 {{"mode", "enforce", "audit"}},
                 {"v"}},
      R"({"reply":"apply","file":"/etc/egressd/egressd.yaml","problems":["p"],"added":1,)"
      R"("removed":2,"risks":[{"target":"t","risk":{"kind":"wide","why":"w"}}],"reverts_s":30,)"
      R"("changed":true,"settings":[{"setting":"mode","before":"enforce","after":"audit"}],"warnings":["v"]})");
  expect_request(ConfirmRequest{true}, R"({"command":"confirm","written":true})");
  expect_reply(ConfirmReply{"f", "t", {}},
               R"({"reply":"confirm","file":"f","text":"t","problems":[]})");
}

TEST(Codec, ALongPolicyFitsIntoAMessageOfRoots) {
  const std::string text(limits::kPolicyFileBytes, '\n');  // each is two bytes in JSON
  const std::string line = encode(Request(ApplyRequest{text, "f", std::nullopt}));
  EXPECT_FALSE(decode_request(line));
  EXPECT_TRUE(decode_request(line, limits::kRootMessageBytes));
  const std::string longer = encode(Request(ApplyRequest{text + "x", "f", std::nullopt}));
  EXPECT_EQ(decode_request(longer, limits::kRootMessageBytes).error().message,
            "the policy is longer than 1048576 bytes");
}

TEST(Codec, WhatLetsEverythingPassNeedsRoot) {
  for (const Request& request : {Request(OpenRequest{}), Request(ApplyRequest{})}) {
    EXPECT_TRUE(needs_root(request));
    EXPECT_TRUE(changes_policy(request));
  }
  for (const Request& request : {Request(PanicRequest{}), Request(ResumeRequest{}),
                                 Request(ConfirmRequest{}), Request(ReloadRequest{})}) {
    EXPECT_FALSE(needs_root(request));
    EXPECT_TRUE(changes_policy(request));
  }
}

TEST(Codec, ReadingChangesNothing) {
  EXPECT_TRUE(changes_policy(AllowRequest{}));
  EXPECT_TRUE(changes_policy(DenyRequest{}));
  EXPECT_TRUE(changes_policy(ReloadRequest{}));
  for (const Request& reading :
       {Request(ListRequest{}), Request(StatusRequest{}), Request(WhyRequest{}),
        Request(DiffRequest{}), Request(RefusalsRequest{}), Request(ProofRequest{}),
        Request(DnsRequest{}), Request(HealthRequest{}), Request(AnnounceRequest{})}) {
    EXPECT_FALSE(changes_policy(reading));
  }
}

}  // namespace
}  // namespace egress::control
