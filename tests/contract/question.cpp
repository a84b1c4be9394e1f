#include "contract/question.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "support/address.hpp"

namespace egress::test {
namespace {

void need(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

// In a thread of its own: the user is of the thread.
int make_socket(const Question& question, int family) {
  syscall(SYS_setfsuid, question.user);
  const int type = question.transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
  const int made = socket(family, type | SOCK_CLOEXEC, 0);
  need(made >= 0, "socket");
  const int on = 1;
  setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto set = [&](int option, std::uint32_t value, const char* what) {
    if (value != 0) need(setsockopt(made, SOL_SOCKET, option, &value, sizeof value) == 0, what);
  };
  set(SO_MARK, question.key.mark, "mark");
  set(SO_PRIORITY, question.key.priority, "priority");
  if (!question.device.empty())
    need(setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, question.device.data(),
                    static_cast<socklen_t>(question.device.size())) == 0,
         "device");
  const timeval patience{0, 500'000};
  setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const std::string any = family == AF_INET ? "0.0.0.0" : "::";
  const SocketAddress from(question.from.empty() ? any : question.from, question.source);
  need(bind(made, from.get(), from.length) == 0, "bind");
  return made;
}

std::string verdict(int error) {
  switch (error) {
    case EINPROGRESS:
    case EAGAIN:
      return kSilence;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case EACCES:
    case EPERM:
    case EPIPE:
      return kRefused;
    default:
      throw std::system_error(error, std::generic_category(), "question");
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Question& question) {
  out << (question.transport == Transport::udp ? "udp " : "tcp ") << question.address << " port "
      << question.port << " from " << question.from << " port " << question.source << " user "
      << question.user << " mark " << question.key.mark << " priority " << question.key.priority;
  return question.device.empty() ? out : out << " through " << question.device;
}

Asker::Asker(const std::string& netns, const Question& question) {
  const SocketAddress server(question.address, question.port);
  in_namespace(netns, [&] {
    socket_ = make_socket(question, server.family());
    error_ = connect(socket_, server.get(), server.length) == 0 ? 0 : errno;
  });
}

Asker::~Asker() {
  close(socket_);
}

// The TCP servers of these tests speak without being asked; what they said before does not count.
std::string Asker::ask(std::chrono::milliseconds patience) {
  if (error_ != 0) return verdict(error_);
  std::array<char, 4096> answer;
  while (recv(socket_, answer.data(), answer.size(), MSG_DONTWAIT) > 0) {
  }
  if (send(socket_, "?", 1, MSG_NOSIGNAL) != 1) return verdict(errno);
  pollfd wanted{socket_, POLLIN, 0};
  if (poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return kSilence;
  const ssize_t length = recv(socket_, answer.data(), answer.size(), 0);
  if (length < 0) return verdict(errno);
  return length == 0 ? kRefused : std::string(answer.data(), static_cast<std::size_t>(length));
}

std::string ask(const std::string& netns, const Question& question) {
  return Asker(netns, question).ask();
}

}  // namespace egress::test
