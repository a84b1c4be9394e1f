// Ways by which a program may speak in another's name, or past the network.
#include "egressctl/doctor/capabilities.hpp"
#include "egressctl/doctor/judge.hpp"
#include "unit/doctor/findings.hpp"

namespace egress::doctor {
namespace {

using ::testing::HasSubstr;

TEST(JudgeWrittenLinks, OneThatAUserWritesIsWeakUnlessItIsHeld) {
  Devices devices;
  EXPECT_EQ(brief(judge_written_links(devices, {}, {})),
            "ok tun: links that users write to: none\n");
  devices.written = {{"tun0", "", 0}, {"tap1", "root", 0}};
  EXPECT_EQ(worst(judge_written_links(devices, {}, {})), Severity::ok);
  devices.written.push_back({"tun7", "coder", 1000});
  const Findings silent = judge_written_links(devices, {}, {});
  EXPECT_EQ(brief(silent), "weak tun: packets of tun7 are written by coder\n");
  EXPECT_TRUE(is_complete(silent));
  const Forwarding on{true, false, {{"tun7", true}}};
  EXPECT_EQ(brief(judge_written_links(devices, on, {})),
            "weak tun: packets of tun7 are written by coder, and this host forwards them\n");
  EXPECT_EQ(worst(judge_written_links(devices, on, {"tun*"})), Severity::ok);
}

TEST(JudgeHeldLinks, WhatTheKernelDoesNotCheckThereIsNoted) {
  const auto link = [](bool checks, bool accepts) {
    return LinkForwarding{.name = "docker0", .checks_sources = checks, .accepts_routers = accepts};
  };
  EXPECT_EQ(worst(judge_held_links({true, true, {link(true, false)}}, {"docker0"})), Severity::ok);
  EXPECT_EQ(worst(judge_held_links({true, true, {link(false, true)}}, {"br-*"})), Severity::ok)
      << "it is not held";
  EXPECT_EQ(worst(judge_held_links({true, true, {link(false, true)}}, {"docker0"}, {"docker0"})),
            Severity::ok)
      << "other machines are behind it";
  const Findings findings = judge_held_links({true, true, {link(false, true)}}, {"docker0"});
  EXPECT_EQ(brief(findings),
            "note rp_filter: off at docker0\n"
            "note accept_ra: router advertisements are taken at docker0\n");
  EXPECT_TRUE(is_complete(findings));
}

TEST(JudgeOtherWays, WhatNoPacketFilterSeesIsNamed) {
  EXPECT_EQ(worst(judge_other_ways({})), Severity::ok);
  Devices devices;
  devices.vsock_cid = 3;
  EXPECT_THAT(brief(judge_other_ways(devices)), HasSubstr("note vsock: this machine is guest 3"));
  devices.hosts_vsock = true;
  devices.rdma = {"mlx5_0"};
  EXPECT_EQ(judge_other_ways(devices).size(), 3U);
  EXPECT_EQ(worst(judge_other_ways(devices)), Severity::note);
  devices.is_rdma_for_all = true;
  EXPECT_THAT(brief(judge_other_ways(devices)), HasSubstr("weak rdma: mlx5_0, for everybody"));
  EXPECT_TRUE(is_complete(judge_other_ways(devices)));
}

TEST(JudgePrograms, ThoseWithRightsOverTheNetworkAreNamed) {
  EXPECT_EQ(worst(judge_programs({})), Severity::ok);
  const Findings findings = judge_programs({{{"/usr/bin/mtr-packet", kNetRaw}}, true});
  EXPECT_EQ(brief(findings),
            "note programs: with rights over the network, for all who start them: "
            "/usr/bin/mtr-packet (CAP_NET_RAW)\n");
  EXPECT_TRUE(is_complete(findings));
  EXPECT_EQ(worst(judge_programs({{}, false})), Severity::note) << "not all was looked at";
}

TEST(JudgePorts, BelowTheUsualOnesMustTakeARight) {
  EXPECT_EQ(worst(judge_ports(1024)), Severity::ok);
  for (const unsigned first : {0U, 68U, 1023U}) {
    EXPECT_EQ(worst(judge_ports(first)), Severity::weak) << first;
    EXPECT_TRUE(is_complete(judge_ports(first)));
  }
}

}  // namespace
}  // namespace egress::doctor
