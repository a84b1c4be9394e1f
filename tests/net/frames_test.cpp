// Frames that a program with CAP_NET_RAW hands to a link itself, past the output hook.
#include "net/net_test.hpp"
#include "support/forged.hpp"
#include "support/netns.hpp"
#include "support/raw_socket.hpp"

namespace egress::test {
namespace {

constexpr const char* kUplink = "uplink0";
constexpr const char* kHost4 = "10.77.0.2";
constexpr const char* kHost6 = "2001:db8:77::2";
constexpr std::uint16_t kIp = 0x0800, kIp6 = 0x86dd, kVlan = 0x8100, kArp = 0x0806;

class Frames : public NetTest {
 protected:
  // Whether frames with a packet to this address arrive on the far side, from every kind of socket.
  bool arrives(const std::string& destination, std::uint16_t port = 443,
               std::uint16_t source_port = 40'000) {
    Tap tap(lab.net(), "host0");
    const bool is_v4 = destination.find(':') == std::string::npos;
    const Frame frame{kUplink, is_v4 ? kIp : kIp6,
                      udp_packet(is_v4 ? kHost4 : kHost6, source_port, destination, port)};
    for (const FrameSocket kind : {FrameSocket::ordinary, FrameSocket::past_the_queue})
      send_frame(lab.host(), kind, frame);
    return eventually([&] { return tap.count(destination) > 0; }, std::chrono::milliseconds(300));
  }
};

TEST_F(Frames, NoneLeavesThatTheStackHasNotRouted) {
  for (const char* address : {kOther4, kOther6, kApi4, kMetadata})
    ASSERT_TRUE(arrives(address)) << "positive control: " << address;
  const Daemon daemon(lab, policy("\"162.159.140.245:443\""));
  for (const char* address : {kOther4, kOther6, kApi4, kMetadata})
    EXPECT_FALSE(arrives(address)) << address;
  EXPECT_EQ(tcp(kApi4), Seen::answered) << "what the stack sends passes";
  const Finished status = daemon.egressctl({"status"});
  EXPECT_NE(status.output.find("raw ones are refused at: uplink0 (refused: 8)"), std::string::npos)
      << status.output;
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
}

TEST_F(Frames, AProgramIsToldThatItsFrameWasRefused) {
  const Frame frame{kUplink, kIp, udp_packet(kHost4, 40'000, kOther4, 443)};
  ASSERT_EQ(send_frame(lab.host(), FrameSocket::ordinary, frame), 0);
  const Daemon daemon(lab, policy(""));
  EXPECT_EQ(send_frame(lab.host(), FrameSocket::ordinary, frame), ENOBUFS);
}

TEST_F(Frames, ATagDoesNotHideAPacket) {
  std::vector<std::uint8_t> tagged{0, 10, 0x08, 0x00};  // VLAN 10, IPv4
  for (const std::uint8_t octet : udp_packet(kHost4, 40'000, kOther4, 443)) tagged.push_back(octet);
  const Frame frame{kUplink, kVlan, tagged};
  ASSERT_EQ(send_frame(lab.host(), FrameSocket::ordinary, frame), 0);
  const Daemon daemon(lab, policy(""));
  EXPECT_EQ(send_frame(lab.host(), FrameSocket::ordinary, frame), ENOBUFS);
  EXPECT_EQ(send_frame(lab.host(), FrameSocket::ordinary, {kUplink, kArp, {0, 1}}), 0)
      << "what does not get past the link";
}

TEST_F(Frames, AClientOfDhcpWritesItsOwn) {
  constexpr const char* kBroadcast = "255.255.255.255";
  Daemon daemon(lab, policy(""));
  EXPECT_TRUE(arrives(kBroadcast, 67, 68));
  EXPECT_FALSE(arrives(kBroadcast, 67)) << "from another port";
  EXPECT_FALSE(arrives(kOther4, 67, 68)) << "to another address";
  daemon.write_policy(policy("", "services: { dhcp: false }"));
  ASSERT_EQ(daemon.egressctl({"reload"}).exit_code, 0);
  EXPECT_FALSE(arrives(kBroadcast, 67, 68));
}

TEST_F(Frames, ALinkThatComesLaterIsHeldToo) {
  const Daemon daemon(lab, policy(""));
  const auto on_host = [&](const std::string& line) {
    ASSERT_EQ(run({.words = {"sh", "-c", "ip -n " + lab.host() + " " + line}}).exit_code, 0);
  };
  const auto is_held = [&](const std::string& text) {
    return eventually(
        [&] { return daemon.egressctl({"status"}).output.find(text) != std::string::npos; });
  };
  const Frame frame{"late0", kIp, udp_packet(kHost4, 40'000, kOther4, 443)};
  for (int turn = 0; turn < 2; ++turn) {
    on_host("link add late0 type veth peer name late1");
    on_host("link set late1 up");
    on_host("link set late0 up");
    EXPECT_TRUE(is_held("refused at: late0, late1, uplink0"))
        << daemon.egressctl({"status"}).output;
    EXPECT_EQ(send_frame(lab.host(), FrameSocket::ordinary, frame), ENOBUFS);
    on_host("link del late0");
    EXPECT_TRUE(is_held("refused at: uplink0"));
  }
  on_host("link add br9 type bridge");
  on_host("link add late0 type veth peer name late1");
  on_host("link set late0 master br9");
  EXPECT_TRUE(is_held("late0: a port of a bridge")) << daemon.egressctl({"status"}).output;
  EXPECT_EQ(daemon.egressctl({"diff"}).exit_code, 0);
}

// A machine on a bridge whose port stands on the uplink: its frames leave by the uplink, unrouted.
TEST_F(Frames, ALinkThatComesChangesNothingForTheOthers) {
  const Daemon daemon(lab, policy(""));
  const auto told = [&](const std::string& text) {
    return daemon.egressctl({"status"}).output.find(text) != std::string::npos;
  };
  EXPECT_FALSE(arrives(kOther4));
  ASSERT_TRUE(told("refused at: uplink0 (refused: 2)"));
  ASSERT_EQ(run({.words = {"ip", "-n", lab.host(), "link", "add", "second0", "up", "type", "veth",
                           "peer", "name", "second1"}})
                .exit_code,
            0);
  EXPECT_TRUE(eventually([&] { return told("second0"); }));
  EXPECT_TRUE(told("(refused: 2)")) << "its chain and its counter stand\n"
                                    << daemon.egressctl({"status"}).output;
  EXPECT_FALSE(arrives(kOther4));
}

TEST_F(Frames, MachinesThatAreBridgedAboveAMacvlanAreLeftAlone) {
  const NetworkNamespace machine;
  const std::string ip = "ip -n " + lab.host();
  ASSERT_EQ(
      run({.words = {"sh", "-ec",
                     ip + " link add mv0 link uplink0 type macvlan mode bridge; " + ip +
                         " link add br9 type bridge; " + ip + " link set mv0 master br9; " + ip +
                         " link set mv0 up; " + ip + " link set br9 up; " + ip +
                         " link add vm0 type veth peer name eth0 netns " + machine.name() + "; " +
                         ip + " link set vm0 master br9; " + ip + " link set vm0 up; " + "ip -n " +
                         machine.name() + " link set eth0 up"}})
          .exit_code,
      0);
  const auto machine_reaches = [&](const char* to) {
    Tap tap(lab.net(), "host0");
    // A bridge drops what has a wrong checksum, where netfilter looks at its packets.
    const Frame frame{"eth0", kIp, forged_udp({"10.77.0.9", to, 40'000, 443}, "x")};
    return eventually([&] {
      send_frame(machine.name(), FrameSocket::ordinary, frame);
      return tap.count(to) > 0;
    });
  };
  ASSERT_TRUE(machine_reaches(kOther4)) << "positive control";
  const Daemon daemon(lab, "version: 1\nresolvers: [10.77.0.1]\nforward: []\nallow: []\n");
  EXPECT_TRUE(machine_reaches(kApi4));
  const std::string status = daemon.egressctl({"status"}).output;
  EXPECT_NE(status.find("uplink0: it carries frames of machines that are bridged to it"),
            std::string::npos)
      << status;
  ASSERT_EQ(run({.words = {"sh", "-ec", ip + " link del mv0"}}).exit_code, 0);
  EXPECT_TRUE(eventually([&] {
    return daemon.egressctl({"status"}).output.find("refused at: br9, uplink0") !=
           std::string::npos;
  })) << daemon.egressctl({"status"}).output;
  EXPECT_FALSE(arrives(kOther4));
}

TEST_F(Frames, TheyStayRefusedWhileTheDaemonIsDeadOrStopped) {
  Daemon daemon(lab, policy(""));
  ASSERT_FALSE(arrives(kOther4));
  daemon.crash();
  EXPECT_FALSE(arrives(kOther4));
  daemon.start();
  EXPECT_FALSE(arrives(kOther4));
  daemon.terminate();
  EXPECT_FALSE(arrives(kOther4));
}

}  // namespace
}  // namespace egress::test
