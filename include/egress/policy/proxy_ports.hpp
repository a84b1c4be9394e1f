// The ports at which proxies stand by custom. Who may reach a proxy reaches what it reaches.
#pragma once

#include <array>

#include "egress/core/ip_address.hpp"

namespace egress::policy {

// SOCKS; Squid, within TLS too; Clash; HTTP; Privoxy; Polipo; tinyproxy; Tor, as a daemon and in
// its browser.
inline constexpr std::array<Port, 10> kProxyPorts{1080, 3128, 3129, 7890, 8080,
                                                  8118, 8123, 8888, 9050, 9150};

}  // namespace egress::policy
