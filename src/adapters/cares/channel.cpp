#include "adapters/cares/channel.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "adapters/cares/answer_parser.hpp"
#include "adapters/cares/message_reader.hpp"

namespace egress::cares {
namespace {

struct Try {
  std::uint64_t lookup;
  dns::Question question;
  std::vector<Reply>* replies;
};

dns::Status status_of(int ares_status) {
  if (ares_status == ARES_ETIMEOUT) return dns::Status::timeout;
  if (ares_status == ARES_EBADRESP) return dns::Status::malformed;
  return dns::Status::unreachable;
}

// The message is there whenever one came, whatever c-ares makes of its RCODE: we judge it
// ourselves.
void on_try_ended(void* context, int status, int /*timeouts*/, unsigned char* message, int length) {
  const std::unique_ptr<Try> ended(static_cast<Try*>(context));
  if (status == ARES_EDESTRUCTION) return;
  dns::Answer answer{ended->question, status_of(status), {}, {}, {}};
  if (message != nullptr)
    answer = parse_answer(ended->question, std::span(message, static_cast<std::size_t>(length)));
  ended->replies->push_back({ended->lookup, std::move(answer)});
}

int set_server(ares_channel channel, const policy::ResolverAddress& resolver) {
  ares_addr_port_node node{};
  node.family = resolver.address.is_v4() ? AF_INET : AF_INET6;
  const auto octets = resolver.address.octets();
  std::copy(octets.begin(), octets.end(), reinterpret_cast<std::uint8_t*>(&node.addr));
  node.udp_port = resolver.port;
  node.tcp_port = resolver.port;
  return ares_set_servers_ports(channel, &node);
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

Channel::Channel(Surroundings surroundings, std::uint32_t tag)
    : surroundings_(std::move(surroundings)), tag_(tag) {}

Channel::~Channel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

Result<std::unique_ptr<Channel>> Channel::open(const policy::ResolverAddress& resolver,
                                               Surroundings surroundings, std::uint32_t tag) {
  surroundings.link = resolver.zone;
  std::unique_ptr<Channel> opened(new Channel(std::move(surroundings), tag));
  int status = opened->open_channel();
  ares_set_socket_configure_callback(opened->channel_, prepare_socket, &opened->surroundings_);
  if (status == ARES_SUCCESS) status = set_server(opened->channel_, resolver);
  if (status != ARES_SUCCESS) return fail(std::string("c-ares: ") + ares_strerror(status));
  return opened;
}

int Channel::open_channel() {
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
  return ares_init_options(&channel_, &options,
                           ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                               ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_EDNSPSZ |
                               ARES_OPT_DOMAINS | ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB);
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
  auto started = std::make_unique<Try>(Try{lookup, question, surroundings_.replies});
  const int type = question.family == Family::ipv4 ? kTypeA : kTypeAaaa;
  ares_query(channel_, question.name.text().c_str(), kClassIn, type, on_try_ended,
             started.release());
}

void Channel::process(int fd, std::uint32_t epoll_events) {
  const bool reads = (epoll_events & ~std::uint32_t{EPOLLOUT}) != 0;  // errors are read too
  const bool writes = (epoll_events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
  ares_process_fd(channel_, reads ? fd : ARES_SOCKET_BAD, writes ? fd : ARES_SOCKET_BAD);
}

void Channel::expire() {
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

std::optional<milliseconds> Channel::wait() const {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return {};
  // c-ares cuts off what is below a millisecond: without the one more we would spin through it.
  return milliseconds(left.tv_sec * 1000 + left.tv_usec / 1000 + 1);
}

}  // namespace egress::cares
