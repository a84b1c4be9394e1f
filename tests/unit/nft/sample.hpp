// Short ways to write keys and times in the tests of this folder.
#pragma once

#include <ostream>
#include <string>

#include "egress/nft/transaction.hpp"

namespace egress::nft {

using namespace std::chrono_literals;

inline const Instant kNow{100s};

inline IpAddress address(const std::string& text) {
  return *IpAddress::parse(text);
}

inline ElementKey allow(const std::string& text, Port port = 443) {
  return ElementKey::endpoint(SetId::allow, {address(text), Transport::tcp, port});
}

inline ElementKey net(const std::string& first, const std::string& last, PortRange ports,
                      Transport transport = Transport::tcp) {
  return {.set = SetId::nets,
          .first = address(first),
          .last = address(last),
          .transport = transport,
          .ports = ports};
}

inline void PrintTo(const ElementKey& key, std::ostream* out) {
  *out << key.text();
}
inline void PrintTo(const Change& change, std::ostream* out) {
  static constexpr const char* kVerbs[] = {"add ", "renew ", "remove "};
  *out << kVerbs[static_cast<int>(change.verb)] << change.key.text() << " for "
       << change.lifetime.count() << " ms";
}
inline void PrintTo(const Command& command, std::ostream* out) {
  static constexpr const char* kVerbs[] = {"add ", "remove ", "destroy "};
  *out << kVerbs[static_cast<int>(command.verb)] << command.key.text() << " for "
       << command.lifetime.count() << " ms";
}

}  // namespace egress::nft
