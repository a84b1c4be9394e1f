// What /etc/hosts makes of the list: programs of this host go where it says and ask no resolver,
// and egressd does not follow it.
#pragma once

#include <string>
#include <vector>

#include "adapters/resolvconf/hosts_file.hpp"
#include "control/messages.hpp"
#include "egress/engine/engine.hpp"

namespace egress::daemon {

// This host reaches itself, whatever the policy and the posture say.
bool is_this_host(const engine::Engine& engine, const IpAddress& address);
// Also where all of a name's addresses in the file are this host's; localhost needs no file.
bool is_this_host(const engine::Engine& engine, const DnsName& name,
                  const resolvconf::HostNames& hosts);

// Where the file sends a program that asks for this name, and that is refused: "198.51.100.77:443".
std::vector<std::string> closed_in_hosts(const engine::Engine& engine,
                                         const resolvconf::HostNames& hosts, const DnsName& name,
                                         Transport transport, const PortRange& ports, Instant now);
// One sentence on that, with the command that helps; empty: nothing is closed.
std::string hosts_note(const DnsName& name, const std::vector<std::string>& closed);
// The same for every allowed name that stands in the file, with the entry that allows it.
struct HostsNote {
  const policy::AllowEntry* entry = nullptr;
  std::string text;
};
std::vector<HostsNote> hosts_notes(const engine::Engine& engine, const resolvconf::HostNames& hosts,
                                   Instant now);
// Of these entries, which may be none of the engine's.
std::vector<HostsNote> hosts_notes(const engine::Engine& engine, const resolvconf::HostNames& hosts,
                                   const std::vector<const policy::AllowEntry*>& entries,
                                   Instant now);
std::vector<std::string> texts(const std::vector<HostsNote>& notes);

// A name of the file is allowed where its addresses are open, and no resolver is asked.
void judge_by_hosts(const engine::Engine& engine, const resolvconf::HostNames& hosts,
                    const DnsName& name, Transport transport, Port port, Instant now,
                    control::WhyReply& reply);

}  // namespace egress::daemon
