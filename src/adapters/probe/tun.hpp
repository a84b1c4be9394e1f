// A link of this host whose other end is a descriptor (tun): what is sent to it goes no further,
// and it is gone with its descriptor, whatever ends the process.
#pragma once

#include "adapters/file_descriptor.hpp"
#include "egress/core/ip_address.hpp"
#include "egress/core/result.hpp"

namespace egress::probe {

// One end here and one there, in both families. The two are all that is routed to the link.
struct LinkEnds {
  IpAddress here4, there4;
  IpAddress here6, there6;  // that differ in the last bit
};

// Makes the link and sets it up; takes CAP_NET_ADMIN. A host without IPv6 has but the IPv4 end.
// EBUSY: another process has a link of that name.
Result<FileDescriptor> make_tun(const char* name, const LinkEnds& ends);

}  // namespace egress::probe
