#include "adapters/tls/handshake.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "egress/core/text.hpp"

namespace egress::tls {

namespace {

using Session = std::unique_ptr<SSL, decltype(&::SSL_free)>;

// The oldest error of this thread's queue, which is the cause; empties the queue.
std::string cause() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the peer ended the connection" : reason;
}

Session new_session(const Trust& trust, const probe::Socket& socket, const DnsName& host) {
  Session session(SSL_new(trust.context()), &::SSL_free);
  if (!session) return session;
  SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const char* name = host.text().c_str();
  if (SSL_set_tlsext_host_name(session.get(), name) != 1 ||
      SSL_set1_host(session.get(), name) != 1 || SSL_set_fd(session.get(), socket.fd()) != 1) {
    session.reset();
  }
  return session;
}

std::string failure(SSL* session) {
  const long verdict = SSL_get_verify_result(session);
  if (verdict == X509_V_OK) return "TLS: " + cause();
  ERR_clear_error();
  return std::string("certificate refused: ") + X509_verify_cert_error_string(verdict);
}

}  // namespace

Result<Trust> Trust::load(const std::optional<std::filesystem::path>& ca) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &::SSL_CTX_free);
  if (!context) return fail("TLS cannot be set up: " + cause());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const bool loaded = ca ? SSL_CTX_load_verify_file(context.get(), ca->c_str()) == 1
                         : SSL_CTX_set_default_verify_paths(context.get()) == 1;
  if (!loaded) {
    return fail("no certificate can be read from " +
                (ca ? egress::quoted(ca->string()) : std::string("the system's store")) + ": " +
                cause() + "; give a readable PEM file of CA certificates");
  }
  return Trust(std::move(context));
}

Result<std::string> handshake(const Trust& trust, const probe::Socket& socket, const DnsName& host,
                              const probe::Deadline& deadline) {
  ERR_clear_error();
  const Session session = new_session(trust, socket, host);
  if (!session) return fail("TLS cannot be set up: " + cause());
  for (;;) {
    const int result = SSL_connect(session.get());
    if (result == 1) break;
    const int wanted = SSL_get_error(session.get(), result);
    if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) {
      return fail(failure(session.get()));
    }
    if (probe::wait(socket, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline) == 0) {
      return fail("TLS: the handshake did not end in time");
    }
  }
  (void)SSL_shutdown(session.get());  // a courtesy to the server: close_notify, no answer awaited
  return std::string(SSL_get_version(session.get())) + ", " + SSL_get_cipher_name(session.get());
}

}  // namespace egress::tls
