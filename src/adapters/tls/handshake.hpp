// A TLS handshake as a client, to prove that an allowed endpoint is the one it claims to be.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "adapters/probe/deadline.hpp"
#include "adapters/probe/socket.hpp"
#include "egress/core/dns_name.hpp"
#include "egress/core/result.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX; its headers stay in handshake.cpp

namespace egress::tls {

// Whom to trust. Made once, then used by any number of threads at once.
class Trust {
 public:
  // The system's certificate store or, instead of it, the PEM file `ca`. Errors: the file cannot be
  // read or holds no certificate.
  static Result<Trust> load(const std::optional<std::filesystem::path>& ca);

  ssl_ctx_st* context() const { return context_.get(); }

 private:
  explicit Trust(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

// Over a connected, non-blocking socket: sends `host` as the server name (RFC 6066 section 3),
// demands a certificate that is valid for it (RFC 6125) and ends the session. The value is the
// protocol and the cipher, "TLSv1.3, TLS_AES_256_GCM_SHA384". Errors: no valid certificate, the
// peer's alert, or no end before the deadline.
Result<std::string> handshake(const Trust& trust, const probe::Socket& socket, const DnsName& host,
                              const probe::Deadline& deadline);

}  // namespace egress::tls
