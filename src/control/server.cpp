#include "control/server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "control/codec.hpp"
#include "egress/core/limits.hpp"

namespace egress::control {
namespace {

constexpr ClientId kListener = 0;  // in epoll_event::data
constexpr int kAcceptsPerTurn = 16;
constexpr auto kAcceptPause = seconds(1);

bool watch(int epoll, int operation, int fd, ClientId id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return epoll_ctl(epoll, operation, fd, &event) == 0;
}

// What to wait for; a hang-up is reported even for 0.
std::uint32_t interest(Connection::State state) {
  if (state == Connection::State::receiving) return EPOLLIN;
  if (state == Connection::State::sending) return EPOLLOUT;
  return 0;
}

Refused too_many_clients() {
  return {"busy", "too many clients of the control socket at once; try again in a few seconds"};
}

Refused too_many_replies() {
  return {"busy", "too many replies wait to be read; try again in a few seconds"};
}

Refused no_right(const Peer& peer, const std::string& group) {
  return {"denied",
          peer.text() +
              " may not change the policy: run as root (sudo), or as a member of the group \"" +
              group + "\" (after joining it, log in again)"};
}

Refused root_alone(const Peer& peer) {
  return {"denied", peer.text() +
                        " may not do this: it can let everything pass, so it takes root itself "
                        "(sudo); the group is not enough"};
}

}  // namespace

Result<Server> Server::start(Descriptor listener, OnRequest on_request, std::string group,
                             Stopwatch stopwatch) {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll || !watch(epoll.get(), EPOLL_CTL_ADD, listener.get(), kListener, EPOLLIN)) {
    return fail(std::string("cannot watch the control socket: ") + std::strerror(errno));
  }
  if (!stopwatch) stopwatch = [] { return std::chrono::microseconds(0); };
  return Server(std::move(epoll), std::move(listener), std::move(on_request), std::move(group),
                std::move(stopwatch));
}

Server::Server(Descriptor epoll, Descriptor listener, OnRequest on_request, std::string group,
               Stopwatch stopwatch)
    : epoll_(std::move(epoll)),
      listener_(std::move(listener)),
      on_request_(std::move(on_request)),
      group_(std::move(group)),
      stopwatch_(std::move(stopwatch)) {}

Instant Server::next_deadline() const {
  Instant next = held_.empty() ? accept_again_ : std::min(accept_again_, readers_rest_until_);
  for (const auto& [id, connection] : connections_) next = std::min(next, connection.deadline());
  return next;
}

void Server::dispatch(Instant now) {
  std::array<epoll_event, limits::kClients + 1> events{};
  const int ready = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kListener) {
      accept_clients(now);
    } else {
      serve(event.data.u64, event.events, now);
    }
  }
  serve_held(now);
  std::erase_if(connections_, [now](const auto& entry) { return entry.second.deadline() <= now; });
  if (accept_again_ <= now) watch_listener(true);
}

void Server::accept_clients(Instant now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client) {
      admit(std::move(client), now);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      watch_listener(false);  // else the waiting client would keep the loop spinning
      accept_again_ = now + kAcceptPause;
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void Server::watch_listener(bool is_on) {
  watch(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), kListener, is_on ? EPOLLIN : 0U);
  accept_again_ = kNever;
}

void Server::admit(Descriptor socket, Instant now) {
  auto peer = peer_of(socket.get());
  if (!peer) return;
  peer->is_reader = !may_change(*peer, group_id(group_));
  const bool is_full = is_full_for(*peer);
  Connection connection(std::move(socket), std::move(*peer), now);
  if (is_full) return connection.reply(encode(Reply(too_many_clients())), now, /*is_last=*/true);
  const ClientId id = next_id_++;
  if (!watch(epoll_.get(), EPOLL_CTL_ADD, connection.fd(), id, EPOLLIN)) return;
  connections_.emplace(id, std::move(connection));
}

// Those who may not change the policy share some of the places, so that no crowd of them locks the
// others out, and the last places are root's, so that nobody locks root out. A user's programs with
// the group's right and those without it do not take each other's places.
bool Server::is_full_for(const Peer& peer) const {
  if (peer.uid == 0) return connections_.size() >= limits::kClients;
  std::size_t readers = 0;
  std::size_t same = 0;
  for (const auto& [id, connection] : connections_) {
    if (connection.is_reader()) ++readers;
    if (connection.is_reader() == peer.is_reader && connection.peer().uid == peer.uid) ++same;
  }
  if (same >= limits::kClientsPerUser) return true;
  return peer.is_reader ? readers >= limits::kReaders
                        : connections_.size() >= limits::kClients - limits::kClientsOfRoot;
}

void Server::serve(ClientId id, std::uint32_t events, Instant now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  switch (connection.state()) {
    case Connection::State::receiving:
      if (!connection.is_reader() || (held_.empty() && readers_rest_until_ <= now))
        return receive(id, now);
      if ((events & EPOLLHUP) == 0) return hold(id);
      return void(connections_.erase(found));  // or it would wake us all the while
    case Connection::State::sending:
      connection.send(now);
      break;
    default:  // only a hang-up wakes us here
      if ((events & (EPOLLHUP | EPOLLERR)) != 0) return void(connections_.erase(found));
  }
  settle(id);
}

void Server::receive(ClientId id, Instant now) {
  Connection& connection = connections_.at(id);
  const bool is_reader = connection.is_reader();
  const std::chrono::microseconds since = stopwatch_();
  if (connection.receive())
    handle(id, now);
  else
    settle(id);
  if (is_reader) charge(stopwatch_() - since, now);
}

void Server::hold(ClientId id) {
  if (watch(epoll_.get(), EPOLL_CTL_MOD, connections_.at(id).fd(), id, 0))
    held_.push_back(id);
  else
    connections_.erase(id);
}

void Server::serve_held(Instant now) {
  while (!held_.empty() && readers_rest_until_ <= now) {
    const ClientId id = held_.front();
    held_.pop_front();
    if (connections_.contains(id)) receive(id, now);
  }
}

void Server::charge(std::chrono::microseconds cost, Instant now) {
  rest_owed_ += cost * limits::kReadersRest;
  const auto rest = std::chrono::floor<milliseconds>(rest_owed_);
  rest_owed_ -= rest;
  if (rest > milliseconds(0)) readers_rest_until_ = now + rest;
}

// on_request_ may reply at once, so the connection may be gone after it.
void Server::handle(ClientId id, Instant now) {
  const Connection& connection = connections_.at(id);
  settle(id);
  const std::size_t longest = connection.longest_request();
  const bool is_overlong = connection.request().size() > longest;
  auto request = decode_request(connection.request(), longest);
  if (!request) return answer(id, Refused{"invalid", request.error().message}, now, is_overlong);
  if (changes_policy(*request) && !may_change(connection.peer(), group_id(group_))) {
    return answer(id, no_right(connection.peer(), group_), now, false);
  }
  if (needs_root(*request) && connection.peer().uid != 0) {
    return answer(id, root_alone(connection.peer()), now, false);
  }
  const Peer peer = connection.peer();
  on_request_(id, *request, peer);
}

void Server::reply(ClientId id, const Reply& reply, Instant now) {
  answer(id, reply, now, false);
}

void Server::reply(ClientId id, Descriptor file, std::size_t size, Instant now) {
  Connection* const connection = waiting(id);
  if (connection == nullptr) return;
  if (!has_room_for(size, *connection)) return answer(id, too_many_replies(), now, false);
  connection->reply(std::move(file), size, now);
  settle(id);
}

void Server::answer(ClientId id, const Reply& reply, Instant now, bool is_last) {
  Connection* const connection = waiting(id);
  if (connection == nullptr) return;
  std::string line = encode(reply);
  if (!has_room_for(line.size(), *connection)) line = encode(Reply(too_many_replies()));
  connection->reply(std::move(line), now, is_last);
  settle(id);
}

bool Server::awaits_reply(ClientId id) const {
  const auto found = connections_.find(id);
  return found != connections_.end() && found->second.state() == Connection::State::waiting;
}

// The client to whom a reply is owed; null: it has left.
Connection* Server::waiting(ClientId id) {
  return awaits_reply(id) ? &connections_.at(id) : nullptr;
}

// Those who may not change the policy leave room for the replies of the others.
bool Server::has_room_for(std::size_t size, const Connection& connection) const {
  std::size_t all = size;
  std::size_t of_readers = size;
  for (const auto& [id, other] : connections_) {
    all += other.unsent();
    if (other.is_reader()) of_readers += other.unsent();
  }
  return all <= limits::kUnsentBytes &&
         (!connection.is_reader() || of_readers <= limits::kReadersUnsentBytes);
}

// After a step of a connection: waits for the right thing next, or ends it.
void Server::settle(ClientId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const Connection& connection = found->second;
  if (connection.state() == Connection::State::closed ||
      !watch(epoll_.get(), EPOLL_CTL_MOD, connection.fd(), id, interest(connection.state()))) {
    connections_.erase(found);
  }
}

}  // namespace egress::control
