// Thin readers of this host, as whoever runs them. What may not be read is left out, or said to be
// unknown.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/host/link_states.hpp"
#include "egressctl/doctor/accounts.hpp"
#include "egressctl/doctor/facts.hpp"

namespace egress::doctor {

struct Where {
  std::filesystem::path root = "/";  // above etc, proc, run and sys
  std::string control_socket;        // not below root
  std::vector<std::string> agents;   // names of users
};
// All but the clocks, which the caller reads around the daemon's.
Host read_host(const Where& where);
Clocks read_clocks();

// ---- its parts
using Links = std::vector<host::LinkState>;
Links read_links();  // none where the kernel does not tell
Forwarding read_forwarding(const std::filesystem::path& root, const Links& links);
Devices read_devices(const std::filesystem::path& root, const Links& links,
                     const Accounts& accounts);
Programs read_programs(const std::filesystem::path& root);
unsigned read_first_free_port(const std::filesystem::path& root);
std::vector<SocketFile> read_sockets(const std::filesystem::path& root, const Accounts& accounts);
std::optional<ControlSocket> read_control_socket(const std::filesystem::path& path,
                                                 const Accounts& accounts);
Processes read_processes(const std::filesystem::path& proc, const Accounts& accounts);
CloudInit read_cloud_init(const std::filesystem::path& root);
Units read_units(const std::filesystem::path& root);
// The output of `systemctl show` for one unit.
Unit parse_unit(const std::string& name, std::string_view properties);

}  // namespace egress::doctor
