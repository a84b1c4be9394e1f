// What the tests of foreign sources share: ways to send under an address that is not the sender's,
// and what is seen of each of them on the far side.
#pragma once

#include <functional>
#include <initializer_list>
#include <list>
#include <string>
#include <vector>

#include "net/net_test.hpp"
#include "support/borrowed_socket.hpp"
#include "support/forged.hpp"

namespace egress::test {

// Nobody allows it, and it is no neighbour.
inline constexpr const char* kEvil4 = "142.250.74.46";
inline constexpr const char* kEvil6 = "2a00:1450:400f:80c::200e";
inline constexpr const char* kHost4 = "10.77.0.2";
inline constexpr const char* kHost6 = "2001:db8:77::2";
inline constexpr uid_t kAgent = 4321;

// By which the far side knows what belongs to a way.
struct Sign {
  std::string text;        // in every payload
  std::uint16_t port = 0;  // of the source
};

struct Way {
  std::string name;
  std::function<void(const Sign&)> go;  // once; what its sender is told does not count
};
using Ways = std::vector<Way>;
Ways operator+(Ways all, const Ways& more);

// Where packets with a foreign source are sent, so that it is answered.
struct Target {
  const char* name;
  std::string address;
  std::uint16_t port = 0;
};

// A UDP datagram, an echo request, a connection's first segment, made by hand.
enum class Forged { udp, echo, syn };
IpPacket forged(Forged kind, const Ends& ends, const std::string& text);
Ways forged_ways(const std::string& netns, const std::string& source,
                 const std::vector<Target>& targets,
                 std::initializer_list<Forged> kinds = {Forged::udp, Forged::echo, Forged::syn});

// A socket's own packets: each message or connection attempt from a socket of its own.
enum class Use { messages, connected, connects, pings };
struct SocketKind {
  const char* name;
  Use use = Use::messages;
  Borrowed how;  // without address and port
};
Ways socket_ways(const std::string& netns, const std::string& source, const SocketKind& kind,
                 const std::vector<Target>& targets);

class SourcesTest : public NetTest {
 protected:
  static constexpr std::uint16_t kApp = 5555;     // answers UDP with the same, and TCP
  static constexpr std::uint16_t kClosed = 9;     // nobody listens
  static constexpr std::uint16_t kAllowed = 443;  // of kApi4 and kApi6, both TCP and UDP

  SourcesTest();

  static std::string policy_of(std::string_view more = "forward: [\"br-*\"]");
  static bool is_v4(const std::string& address) { return address.find(':') == std::string::npos; }
  static void shell(const std::string& netns, const std::string& script);
  // Its link-local address there.
  static std::string link_local(const std::string& netns, const std::string& device);
  // Of this host in one family: an answering program, a closed port, the guard's port, what is
  // refused, what is allowed.
  static std::vector<Target> targets_of_host(int family);

  // Looks there from now on. What comes has one of these sources; empty: any.
  void watch(const std::string& netns, const std::string& device, std::set<std::string> own = {});
  // Who may speak there for himself, and answers what the ways' controls have brought.
  void let_speak(const std::string& address);
  // Positive control: each way gets there. The names of those that do not.
  std::vector<std::string> unseen(const Ways& ways);
  // Goes every way several times; what came, and should not have, in words.
  std::vector<std::string> seen(const Ways& ways, int times = 3);
  // From the host's own addresses, in either family.
  void expect_allowed_works();

  UdpServer answering{lab.host(), kApp, echo()};
  TcpServer accepting{lab.host(), {kApp}};

 private:
  struct Place {
    Place(const std::string& netns, const std::string& device, std::set<std::string> sources)
        : tap(netns, device), own(std::move(sources)) {}
    Tap tap;
    std::set<std::string> own;
    std::size_t looked_at = 0;  // packets
  };
  Sign sign_of(std::size_t way) const;
  bool is_of(const SeenPacket& packet, const Sign& sign) const;
  bool arrives(const Way& way, const Sign& sign);
  void forget();
  std::vector<std::string> report(const Ways& ways);

  std::list<Place> places_;
  int round_ = 0;
};

}  // namespace egress::test
