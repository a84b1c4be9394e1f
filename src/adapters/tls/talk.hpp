// A talk within TLS, with whomever is there: no certificate is looked at.
#pragma once

#include <memory>
#include <string>

#include "adapters/probe/talk.hpp"
#include "adapters/tls/handshake.hpp"

namespace egress::tls {

// Over a connected, non-blocking socket. `host`: the server name to send; empty: none. Empty: the
// handshake did not end well.
std::unique_ptr<probe::Talk> talk(const Trust& trust, probe::Socket socket,
                                  const std::string& host, const probe::Deadline& deadline);

}  // namespace egress::tls
