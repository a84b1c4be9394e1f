#include "egressctl/verify/prober.hpp"

#include <pwd.h>

#include "adapters/probe/socket.hpp"

namespace egress::verify {

std::string Prober::user() const {
  const uid_t uid = ::geteuid();
  if (uid == 0) return {};
  const passwd* const entry = ::getpwuid(uid);
  const std::string number = "uid " + std::to_string(uid);
  return entry != nullptr ? std::string(entry->pw_name) + " (" + number + ")" : number;
}

std::vector<Endpoint> Prober::be_asked() {
  constexpr std::chrono::milliseconds kArrival{500};  // within one host
  std::vector<Endpoint> ends;
  asked_.clear();
  for (const Family family : kFamilies) {
    if (!neighbour_) break;
    auto flow = probe::be_asked(*neighbour_, family, probe::Deadline(kArrival));
    if (!flow) continue;
    ends.push_back({flow->here.address, Transport::udp, flow->here.port});
    asked_.push_back(std::move(*flow));
  }
  return ends;
}

// That it would send from, and its loopback where it has no way out.
std::vector<IpAddress> Prober::own_addresses() const {
  std::vector<IpAddress> addresses;
  for (const char* const outside : {"192.0.2.1", "2001:db8::1"}) {
    const auto own = probe::source_for(IpAddress::parse(outside).value());
    if (own) addresses.push_back(*own);
  }
  if (!is_forwarded() && (addresses.empty() || addresses.back().is_v4()))
    addresses.push_back(IpAddress::parse("::1").value());
  return addresses;
}

}  // namespace egress::verify
