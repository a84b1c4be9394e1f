#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "adapters/systemd/clock.hpp"
#include "egressctl/doctor/judge.hpp"
#include "egressctl/doctor/read.hpp"

namespace egress::doctor {

Clocks read_clocks() {
  const systemd::SystemClock clock;
  Clocks clocks{clock.now().time_since_epoch().count(), clock.wall().time_since_epoch().count(),
                std::nullopt};
  timex state{};  // modes 0: reading only
  const int said = adjtimex(&state);
  if (said >= 0) clocks.is_synchronised = said != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  return clocks;
}

Host read_host(const Where& where) {
  const Accounts accounts = Accounts::read(where.root / "etc");
  Host host;
  utsname kernel{};
  if (uname(&kernel) == 0) host.kernel = kernel.release;
  for (const std::string& name : where.agents) {
    if (auto user = accounts.user(name))
      host.agents.push_back(std::move(*user));
    else
      host.unknown_agents.push_back(name);
  }
  for (const std::string& name : mighty_groups())
    if (auto group = accounts.group(name)) host.groups.push_back(std::move(*group));
  host.sockets = read_sockets(where.root, accounts);
  host.control = read_control_socket(where.control_socket, accounts);
  const Links links = read_links();
  host.forwarding = read_forwarding(where.root, links);
  host.devices = read_devices(where.root, links, accounts);
  host.programs = read_programs(where.root);
  host.first_free_port = read_first_free_port(where.root);
  host.processes = read_processes(where.root / "proc", accounts);
  host.units = read_units(where.root);
  host.cloud_init = read_cloud_init(where.root);
  return host;
}

}  // namespace egress::doctor
