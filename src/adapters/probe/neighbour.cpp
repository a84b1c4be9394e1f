#include "adapters/probe/neighbour.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "adapters/inherited_descriptors.hpp"
#include "adapters/probe/payloads.hpp"
#include "adapters/probe/tun.hpp"
#include "adapters/probe/udp_packet.hpp"
#include "adapters/system_error.hpp"
#include "egress/nft/links.hpp"

namespace egress::probe {

namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kPause{50};

// Orders on the line: a flow to begin (the family and the port follow), or nothing to do but to
// tell.
enum class Order : std::uint8_t { begin, tell };
using Message = std::array<std::uint8_t, 4>;

const LinkEnds& ends() {
  static const LinkEnds kEnds{IpAddress::parse("198.51.100.253").value(),
                              IpAddress::parse("198.51.100.254").value(),
                              IpAddress::parse("2001:db8:ffff:ffff::ff").value(),
                              IpAddress::parse("2001:db8:ffff:ffff::fe").value()};
  return kEnds;
}

// What the process at the other end does, until nobody is at the line any more.
class OtherEnd {
 public:
  OtherEnd(FileDescriptor tun, int line) : tun_(std::move(tun)), line_(line) {}

  void serve() {
    for (;;) {
      std::array<pollfd, 2> waiting{{{tun_.get(), POLLIN, 0}, {line_, POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
      if (waiting[0].revents != 0) take_packets();
      if (waiting[1].revents != 0 && !take_order()) return;
    }
  }

 private:
  void take_packets() {
    std::array<std::uint8_t, 65536> buffer;
    for (;;) {
      const auto size = ::read(tun_.get(), buffer.data(), buffer.size());
      if (size <= 0) return;
      const auto packet = parse_packet(Datagram(buffer).first(static_cast<std::size_t>(size)));
      const bool is_ours =
          packet && packet->to.address == neighbours_address(packet->to.address.family());
      if (!is_ours) continue;  // what a link says to all of its neighbours
      if (packet->to.port == kNeighboursPort)
        send(udp_packet(packet->to, packet->from, packet->payload));
      else
        ++unasked_;
    }
  }
  bool take_order() {
    Message order{};
    const auto size = ::recv(line_, order.data(), order.size(), 0);
    if (size < 0 && errno == EINTR) return true;
    if (size != static_cast<ssize_t>(order.size())) return false;
    if (order[0] == static_cast<std::uint8_t>(Order::begin)) {
      const bool is_v4 = order[1] == 4;
      const auto port = static_cast<Port>(order[2] << 8U | order[3]);
      const IpAddress& here = is_v4 ? ends().here4 : ends().here6;
      send(udp_packet({neighbours_address(here.family()), kNeighboursPort}, {here, port},
                      plain_text()));
      return true;
    }
    take_packets();
    return ::send(line_, &unasked_, sizeof unasked_, MSG_NOSIGNAL) ==
           static_cast<ssize_t>(sizeof unasked_);
  }
  void send(const Octets& packet) const {
    if (::write(tun_.get(), packet.data(), packet.size()) < 0) return;  // a network may lose some
  }

  FileDescriptor tun_;
  int line_;
  std::uint64_t unasked_ = 0;
};

// Another one's link has the name, and the addresses.
Result<FileDescriptor> make_link() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    auto tun = make_tun(nft::kProbeLink, ends());
    if (tun || errno != EBUSY || std::chrono::steady_clock::now() > end) return tun;
    std::this_thread::sleep_for(kPause);
  }
}

void be_neighbour(int line) {
  close_all_but(std::array{line});  // the lines of other neighbours, too
  auto link = make_link();
  const std::string told = link ? "" : link.error().message;
  // With its end, so that there is always something to send.
  (void)::send(line, told.c_str(), told.size() + 1, MSG_NOSIGNAL);
  if (link) OtherEnd(std::move(*link), line).serve();
}

// Empty: it stands there.
std::string hear_how_it_went(int line) {
  std::array<char, 512> text{};
  const auto size = ::recv(line, text.data(), text.size() - 1, 0);
  return size > 0 ? text.data() : "the process at its other end died";
}

}  // namespace

IpAddress neighbours_address(Family family) {
  return family == Family::ipv4 ? ends().there4 : ends().there6;
}

Result<std::unique_ptr<Neighbour>> Neighbour::make() {
  std::array<int, 2> line{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line.data()) != 0)
    return fail_errno("make a pair of sockets");
  FileDescriptor ours(line[0]);
  FileDescriptor theirs(line[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("make a process");
  if (child == 0) {
    be_neighbour(theirs.get());
    ::_exit(0);
  }
  theirs = FileDescriptor();
  std::unique_ptr<Neighbour> neighbour(new Neighbour(child, std::move(ours)));
  if (auto error = hear_how_it_went(neighbour->line_.get()); !error.empty())
    return fail(std::move(error));
  return neighbour;
}

Neighbour::~Neighbour() {
  line_ = FileDescriptor();
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Neighbour::begin_flow(Family family, Port port) const {
  const Message order{static_cast<std::uint8_t>(Order::begin),
                      static_cast<std::uint8_t>(family == Family::ipv4 ? 4 : 6),
                      static_cast<std::uint8_t>(port >> 8U), static_cast<std::uint8_t>(port)};
  (void)::send(line_.get(), order.data(), order.size(), MSG_NOSIGNAL);
}

std::uint64_t Neighbour::unasked() const {
  const Message order{static_cast<std::uint8_t>(Order::tell)};
  std::uint64_t count = 0;
  if (::send(line_.get(), order.data(), order.size(), MSG_NOSIGNAL) < 0) return 0;
  (void)::recv(line_.get(), &count, sizeof count, 0);
  return count;
}

}  // namespace egress::probe
