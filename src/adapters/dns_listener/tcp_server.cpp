#include "adapters/dns_listener/tcp_server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "adapters/dns_listener/socket_address.hpp"
#include "adapters/system_error.hpp"
#include "egress/core/limits.hpp"

namespace egress::dns_listener {
namespace {

// Few, so that a turn hands over no more than over UDP; epoll lets the others go first next time.
constexpr std::size_t kEventsPerTurn = limits::kDatagramsPerTurn / kFramesPerTurn;
constexpr int kAcceptsPerTurn = 64;
constexpr auto kAcceptPause = seconds(1);

bool watch(int epoll, int operation, int fd, std::uint64_t id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return epoll_ctl(epoll, operation, fd, &event) == 0;
}

bool is_exhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// Empty: gone already.
std::optional<Client> client_of(int fd, const SocketAddress& peer) {
  SocketAddress local;
  socklen_t length = SocketAddress::room();
  if (getsockname(fd, local.get(), &length) != 0) return std::nullopt;
  Client client;
  client.address = peer.address();
  client.port = peer.port();
  client.local = local.address();
  client.transport = Transport::tcp;
  return client;
}

}  // namespace

TcpServer::TcpServer(std::vector<FileDescriptor> listeners,
                     const DnsListener::OnMessage& on_message, DnsListener::OwnerOf owner_of,
                     DnsListener::Tally& tally)
    : listeners_(std::move(listeners)),
      on_message_(on_message),
      owner_of_(std::move(owner_of)),
      tally_(tally),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      next_id_(listeners_.size()) {}

Result<void> TcpServer::start() {
  bool is_watched = epoll_.is_open();
  for (Id id = 0; is_watched && id < listeners_.size(); ++id)
    is_watched = watch(epoll_.get(), EPOLL_CTL_ADD, listeners_[id].get(), id, EPOLLIN);
  if (!is_watched) return fail_errno("cannot watch the TCP sockets for DNS");
  return {};
}

Instant TcpServer::next_deadline() const {
  return std::min(accept_again_, first_late_);
}

void TcpServer::dispatch(Instant now) {
  std::array<epoll_event, kEventsPerTurn> events{};
  const int ready = epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, 0);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 < listeners_.size()) {
      accept_clients(listeners_[event.data.u64], now);
    } else {
      serve(event.data.u64, event.events, now);
    }
  }
  if (first_late_ <= now) cut_off_late(now);
  if (accept_again_ <= now) watch_listeners(true);
}

void TcpServer::accept_clients(const FileDescriptor& listener, Instant now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    SocketAddress peer;
    socklen_t length = SocketAddress::room();
    FileDescriptor socket(
        accept4(listener.get(), peer.get(), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.is_open()) {
      if (const auto client = client_of(socket.get(), peer)) admit(std::move(socket), *client, now);
    } else if (is_exhausted(errno)) {
      watch_listeners(false);  // else the waiting client would keep the loop spinning
      accept_again_ = now + kAcceptPause;
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void TcpServer::watch_listeners(bool is_on) {
  for (Id id = 0; id < listeners_.size(); ++id)
    watch(epoll_.get(), EPOLL_CTL_MOD, listeners_[id].get(), id, is_on ? EPOLLIN : 0U);
  accept_again_ = kNever;
}

void TcpServer::make_room_for(const Holder& newcomer) {
  std::vector<Place> places;
  for (const auto& [id, served] : connections_)
    places.push_back(
        {id, served.holder, served.connection.is_asking(), served.connection.progress()});
  const auto leaving = leaves_for(newcomer, places);
  if (!leaving) return;
  connections_.erase(*leaving);
  ++tally_.evicted;
}

void TcpServer::admit(FileDescriptor socket, const Client& client, Instant now) {
  const auto user = owner_of_ ? owner_of_(socket.get(), client) : std::nullopt;
  const Holder holder = user ? Holder{user, {}, {}} : Holder{{}, client.local, client.address};
  make_room_for(holder);
  const Id id = next_id_++;
  Client numbered = client;
  numbered.handle = id;
  ++tally_.connections;
  watch(epoll_.get(), EPOLL_CTL_ADD, socket.get(), id, 0);
  connections_.try_emplace(id, std::move(socket), numbered, holder, tally_, now);
  settle(id);
}

void TcpServer::serve(Id id, std::uint32_t events, Instant now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  TcpConnection& connection = found->second.connection;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return void(connections_.erase(found));
  if ((events & EPOLLIN) != 0) connection.receive(now, on_message_);
  if ((events & EPOLLOUT) != 0) connection.send(now);
  settle(id);
}

// After a step of a connection: waits for the right thing next, or ends it.
void TcpServer::settle(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  TcpConnection& connection = found->second.connection;
  std::uint32_t& interest = found->second.interest;
  const std::uint32_t wanted = connection.interest();
  if (connection.is_over() ||
      (wanted != interest && !watch(epoll_.get(), EPOLL_CTL_MOD, connection.fd(), id, wanted))) {
    connections_.erase(found);
    return;
  }
  interest = wanted;
  first_late_ = std::min(first_late_, connection.deadline());
}

void TcpServer::cut_off_late(Instant now) {
  std::erase_if(connections_,
                [now](const auto& entry) { return entry.second.connection.deadline() <= now; });
  first_late_ = kNever;
  for (const auto& [id, served] : connections_)
    first_late_ = std::min(first_late_, served.connection.deadline());
}

void TcpServer::reply(const Client& client, std::span<const std::uint8_t> message) {
  const auto found = connections_.find(client.handle);
  if (found == connections_.end()) {
    ++tally_.dropped;
    return;
  }
  TcpConnection& connection = found->second.connection;
  if (!connection.awaits_send()) queued_.push_back(client.handle);
  connection.queue(message);
}

void TcpServer::flush(Instant now) {
  flushing_.swap(queued_);
  for (const Id id : flushing_) {
    if (const auto found = connections_.find(id); found != connections_.end())
      found->second.connection.send(now);
    settle(id);
  }
  flushing_.clear();
}

}  // namespace egress::dns_listener
