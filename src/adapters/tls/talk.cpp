#include "adapters/tls/talk.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

namespace egress::tls {

namespace {

using probe::Datagram;
using probe::Deadline;

class TlsTalk : public probe::Talk {
 public:
  TlsTalk(const Trust& trust, probe::Socket socket)
      : socket_(std::move(socket)), session_(SSL_new(trust.context()), &::SSL_free) {}

  bool begin(const std::string& host, const Deadline& deadline) {
    if (!session_ || SSL_set_fd(session_.get(), socket_.fd()) != 1) return false;
    SSL_set_verify(session_.get(), SSL_VERIFY_NONE, nullptr);
    if (!host.empty()) SSL_set_tlsext_host_name(session_.get(), host.c_str());
    return done([&] { return SSL_connect(session_.get()); }, deadline) == 1;
  }
  bool say(Datagram words, const Deadline& deadline) override {
    const auto size = static_cast<int>(words.size());
    return done([&] { return SSL_write(session_.get(), words.data(), size); }, deadline) == size;
  }
  std::string hear(std::size_t count, const Deadline& deadline) override {
    std::string heard;
    while (heard.size() < count) {
      std::string chunk(count - heard.size(), '\0');
      const auto size = static_cast<int>(chunk.size());
      const int got = done([&] { return SSL_read(session_.get(), chunk.data(), size); }, deadline);
      if (got <= 0) break;
      heard.append(chunk, 0, static_cast<std::size_t>(got));
    }
    return heard;
  }

 private:
  // Until it is done, has failed, or the deadline has passed.
  template <class Step>
  int done(const Step& step, const Deadline& deadline) {
    for (;;) {
      ERR_clear_error();
      const int result = step();
      if (result > 0) return result;
      const int wanted = SSL_get_error(session_.get(), result);
      if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) return result;
      const short events = wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      if (probe::wait(socket_, events, deadline) == 0) return -1;
    }
  }

  probe::Socket socket_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> session_;
};

}  // namespace

std::unique_ptr<probe::Talk> talk(const Trust& trust, probe::Socket socket, const std::string& host,
                                  const Deadline& deadline) {
  auto session = std::make_unique<TlsTalk>(trust, std::move(socket));
  return session->begin(host, deadline) ? std::move(session) : nullptr;
}

}  // namespace egress::tls
