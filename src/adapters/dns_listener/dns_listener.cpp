#include "adapters/dns_listener/dns_listener.hpp"

#include <sys/epoll.h>

#include <algorithm>

#include "adapters/dns_listener/datagram_reader.hpp"
#include "adapters/dns_listener/datagram_writer.hpp"
#include "adapters/dns_listener/sockets.hpp"
#include "adapters/dns_listener/tcp_server.hpp"
#include "adapters/system_error.hpp"
#include "egress/core/limits.hpp"

namespace egress::dns_listener {

class DnsListener::State {
 public:
  State(Sockets sockets, OnMessage on_message, OwnerOf owner_of);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  static Result<DnsListener> start(Result<Sockets> sockets, OnMessage on_message, OwnerOf owner_of);

  int fd() const { return epoll_.get(); }
  Instant next_deadline() const { return tcp_.next_deadline(); }
  const Tally& tally() const { return tally_; }
  void dispatch(Instant now);
  void reply(const Client& client, std::span<const std::uint8_t> message);
  void flush(Instant now);

 private:
  struct Udp {
    DatagramSocket socket;
    DatagramWriter writer;
    bool may_have_more = false;  // in this turn
  };
  Result<void> watch_all();
  void receive_datagrams();
  std::size_t receive_from(std::size_t socket, std::size_t most);

  OnMessage on_message_;
  Tally tally_;
  std::vector<Udp> udp_;
  std::size_t next_udp_ = 0;  // whose turn it is
  DatagramReader reader_;
  TcpServer tcp_;
  FileDescriptor epoll_;
};

DnsListener::State::State(Sockets sockets, OnMessage on_message, OwnerOf owner_of)
    : on_message_(std::move(on_message)),
      tcp_(std::move(sockets.stream), on_message_, std::move(owner_of), tally_),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (DatagramSocket& socket : sockets.datagram) {
    const int fd = socket.descriptor.get();
    const int domain = socket.domain;
    udp_.push_back({std::move(socket), DatagramWriter(fd, domain, tally_)});
  }
}

Result<DnsListener> DnsListener::State::start(Result<Sockets> sockets, OnMessage on_message,
                                              OwnerOf owner_of) {
  if (!sockets) return tl::unexpected(sockets.error());
  auto state =
      std::make_unique<State>(std::move(*sockets), std::move(on_message), std::move(owner_of));
  if (auto watched = state->watch_all(); !watched) return tl::unexpected(watched.error());
  return DnsListener(std::move(state));
}

Result<void> DnsListener::State::watch_all() {
  if (auto started = tcp_.start(); !started) return started;
  std::vector<int> all{tcp_.fd()};
  for (const Udp& udp : udp_) all.push_back(udp.socket.descriptor.get());
  epoll_event readable{};
  readable.events = EPOLLIN;
  for (const int fd : all)
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &readable) != 0)
      return fail_errno("cannot watch the sockets for DNS");
  return {};
}

void DnsListener::State::dispatch(Instant now) {
  receive_datagrams();
  tcp_.dispatch(now);
}

// A batch of each socket in turn, going on where the last turn ended: no family waits for the
// other.
void DnsListener::State::receive_datagrams() {
  for (Udp& udp : udp_) udp.may_have_more = true;
  std::size_t left = limits::kDatagramsPerTurn;
  std::size_t idle = 0;  // sockets in a row without more
  while (left > 0 && idle < udp_.size()) {
    Udp& udp = udp_[next_udp_];
    const std::size_t most = std::min(left, DatagramReader::kBatch);
    const std::size_t got = udp.may_have_more ? receive_from(next_udp_, most) : 0;
    udp.may_have_more = got == most;
    idle = udp.may_have_more ? 0 : idle + 1;
    left -= got;
    next_udp_ = (next_udp_ + 1) % udp_.size();
  }
}

std::size_t DnsListener::State::receive_from(std::size_t socket, std::size_t most) {
  const std::size_t got = reader_.receive(udp_[socket].socket.descriptor.get(), most);
  reader_.hand_over(static_cast<std::uint32_t>(socket), on_message_, tally_);
  return got;
}

void DnsListener::State::reply(const Client& client, std::span<const std::uint8_t> message) {
  const auto socket = DatagramHandle::of(client).socket;
  if (message.size() > kMessageOctets) {
    ++tally_.dropped;
  } else if (client.transport == Transport::tcp) {
    tcp_.reply(client, message);
  } else if (socket < udp_.size()) {
    udp_[socket].writer.queue(client, message);
  } else {
    ++tally_.dropped;
  }
}

void DnsListener::State::flush(Instant now) {
  for (Udp& udp : udp_) udp.writer.send();
  tcp_.flush(now);
}

Result<DnsListener> DnsListener::adopt(std::vector<int> descriptors, OnMessage on_message,
                                       OwnerOf owner_of) {
  return State::start(adopt_sockets(descriptors), std::move(on_message), std::move(owner_of));
}

Result<DnsListener> DnsListener::open(Port port, OnMessage on_message, OwnerOf owner_of) {
  return State::start(open_sockets(port), std::move(on_message), std::move(owner_of));
}

DnsListener::DnsListener(std::unique_ptr<State> state) : state_(std::move(state)) {}
DnsListener::DnsListener(DnsListener&&) noexcept = default;
DnsListener& DnsListener::operator=(DnsListener&&) noexcept = default;
DnsListener::~DnsListener() = default;

int DnsListener::fd() const {
  return state_->fd();
}
Instant DnsListener::next_deadline() const {
  return state_->next_deadline();
}
void DnsListener::dispatch(Instant now) {
  state_->dispatch(now);
}
void DnsListener::reply(const Client& client, std::span<const std::uint8_t> message) {
  state_->reply(client, message);
}
void DnsListener::flush(Instant now) {
  state_->flush(now);
}
const DnsListener::Tally& DnsListener::tally() const {
  return state_->tally();
}

}  // namespace egress::dns_listener
