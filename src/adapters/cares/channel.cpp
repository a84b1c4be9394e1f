#include "adapters/cares/channel.hpp"

#include <ares.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <span>
#include <string>
#include <utility>

#include "adapters/cares/answer_parser.hpp"
#include "adapters/cares/message_reader.hpp"
#include "adapters/cares/query.hpp"

namespace egress::cares {
namespace {

constexpr milliseconds kTimerError{100};
constexpr int kRepeats = 3;

dns::Status status_of(int ares_status) {
  if (ares_status == ARES_ETIMEOUT) return dns::Status::timeout;
  if (ares_status == ARES_EBADRESP) return dns::Status::malformed;
  return dns::Status::unreachable;
}

int set_server(ares_channel channel, const policy::ResolverAddress& resolver) {
  const std::string address = resolver.address.text();
  const std::string host = resolver.address.is_v4() ? address : '[' + address + ']';
  const std::string server = host + ':' + std::to_string(resolver.port);
  return ares_set_servers_ports_csv(channel, server.c_str());
}

// The key tells our questions from those of programs, which the DNS guard gets. Answers to all
// questions under way may arrive together. Without CAP_NET_ADMIN there is no key, and the system's
// default buffer has to do.
int prepare_socket(ares_socket_t socket, int type, void* surroundings) {
  constexpr int kRoom = 1 << 20;
  const auto& given = *static_cast<const Surroundings*>(surroundings);
  if (const auto& key = given.key) {
    setsockopt(socket, SOL_SOCKET, SO_MARK, &key->mark, sizeof key->mark);
    setsockopt(socket, SOL_SOCKET, SO_PRIORITY, &key->priority, sizeof key->priority);
  }
  // c-ares knows no zones; a socket that is bound to a link needs none.
  if (!given.link.empty())
    setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, given.link.c_str(),
               static_cast<socklen_t>(given.link.size() + 1));
  if (type != SOCK_DGRAM) return 0;
  setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &kRoom, sizeof kRoom);
  given.ports->bind(socket);
  return 0;
}

}  // namespace

Channel::Channel(const policy::ResolverAddress& resolver, Surroundings surroundings,
                 std::uint32_t tag)
    : resolver_(resolver), surroundings_(std::move(surroundings)), tag_(tag) {
  surroundings_.link = resolver.zone;
}

Channel::~Channel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

Result<std::unique_ptr<Channel>> Channel::open(const policy::ResolverAddress& resolver,
                                               Surroundings surroundings, std::uint32_t tag) {
  std::unique_ptr<Channel> opened(new Channel(resolver, std::move(surroundings), tag));
  const int status = opened->open_channel();
  if (status != ARES_SUCCESS) return fail(std::string("c-ares: ") + ares_strerror(status));
  return opened;
}

// Puts a new one in the place of the old one, if all goes well.
int Channel::open_channel() {
  ares_channel opened = nullptr;
  int status = init(&opened);
  if (status != ARES_SUCCESS) return status;
  ares_set_socket_configure_callback(opened, prepare_socket, &surroundings_);
  status = set_server(opened, resolver_);
  if (status == ARES_SUCCESS) std::swap(channel_, opened);
  if (opened != nullptr) ares_destroy(opened);
  return status;
}

int Channel::init(ares_channeldata** opened) {
  // Everything that c-ares would take from the system's files or the environment is given, so that
  // it reads none of them.
  static char lookups[] = "b";
  static char no_file[] = "/dev/null";
  ares_options options{};
  // NOCHECKRESP: SERVFAIL and REFUSED come back as messages, instead of as a failed connection.
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS;
  options.timeout = static_cast<int>(kTryTimeout.count());
  options.tries = 1;
  options.ndots = 0;
  options.lookups = lookups;
  options.resolvconf_path = no_file;
  options.ednspsz = 1232;
  options.sock_state_cb = [](void* self, int fd, int readable, int writable) {
    static_cast<Channel*>(self)->watch(fd, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int bounds = set_bounds(options);
  return ares_init_options(opened, &options,
                           ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                               ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_EDNSPSZ |
                               ARES_OPT_DOMAINS | ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB |
                               bounds);
}

void Channel::watch(int fd, bool readable, bool writable) {
  if (!readable && !writable) {
    epoll_ctl(surroundings_.epoll, EPOLL_CTL_DEL, fd, nullptr);
    return;
  }
  epoll_event event{};
  event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  event.data.u64 = std::uint64_t{tag_} << 32U | static_cast<std::uint32_t>(fd);
  if (epoll_ctl(surroundings_.epoll, EPOLL_CTL_MOD, fd, &event) != 0)
    epoll_ctl(surroundings_.epoll, EPOLL_CTL_ADD, fd, &event);
}

void Channel::query(std::uint64_t lookup, const dns::Question& question) {
  start({lookup, question, std::chrono::steady_clock::now()});
}

void Channel::start(const Try& started) {
  start_query(channel_, started.question.name.text(), record_type(started.question),
              [this, started](int status, std::span<const std::uint8_t> message) {
                end(started, status, message);
              });
}

// Later versions of c-ares end a try before its time. Since 1.28 a datagram that is no message ends
// all that is under way, whoever sent it. Since 1.31 they wait five times as long as the server
// took lately, be that as little as 250 ms, and count only what came in time: a server that has
// become slow, or one slow name, would never be heard.
bool Channel::is_early(const Try& ended, int status) {
  const auto age = std::chrono::steady_clock::now() - ended.started;
  if (ended.repeats == kRepeats || age > kTryTimeout - kTimerError) return false;
  return status == ARES_ETIMEOUT || status == ARES_EBADRESP;
}

// It is we who judge an RCODE, not c-ares.
void Channel::end(Try ended, int status, std::span<const std::uint8_t> message) {
  if (status == ARES_EDESTRUCTION) {
    if (is_renewing_) again_.push_back(ended);
    return;
  }
  if (message.empty() && is_early(ended, status)) {
    ++ended.repeats;
    return again_.push_back(ended);
  }
  auto answer = message.empty() ? dns::Answer{ended.question, status_of(status), {}, {}, {}}
                                : parse_answer(ended.question, message);
  surroundings_.replies->push_back({ended.lookup, std::move(answer)});
}

// A new channel has measured nothing, waits for as long as it was told, and asks from other ports.
void Channel::renew() {
  if (again_.empty()) return;
  is_renewing_ = true;
  const int status = open_channel();
  is_renewing_ = false;
  for (const Try& ended : std::exchange(again_, {})) {
    if (status == ARES_SUCCESS) {
      start(ended);
    } else {
      surroundings_.replies->push_back(
          {ended.lookup, {ended.question, dns::Status::timeout, {}, {}, {}}});
    }
  }
}

void Channel::process(int fd, std::uint32_t epoll_events) {
  const bool reads = (epoll_events & ~std::uint32_t{EPOLLOUT}) != 0;  // errors are read too
  const bool writes = (epoll_events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
  ares_process_fd(channel_, reads ? fd : ARES_SOCKET_BAD, writes ? fd : ARES_SOCKET_BAD);
  renew();
}

void Channel::expire() {
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  renew();
}

std::optional<milliseconds> Channel::wait() const {
  if (!again_.empty()) return milliseconds(0);
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return {};
  // c-ares cuts off what is below a millisecond: without the one more we would spin through it.
  return milliseconds(left.tv_sec * 1000 + left.tv_usec / 1000 + 1);
}

}  // namespace egress::cares
