// The daemon: a thin shell around the engine. It turns descriptors, timers and signals into events.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "adapters/cares/cares_resolver.hpp"
#include "adapters/host/addresses.hpp"
#include "adapters/host/links.hpp"
#include "adapters/netlink/netlink_kernel.hpp"
#include "adapters/netlink/table_watch.hpp"
#include "adapters/resolvconf/watch.hpp"
#include "adapters/state/files.hpp"
#include "adapters/state/known_addresses_writer.hpp"
#include "adapters/systemd/clock.hpp"
#include "adapters/systemd/event_loop.hpp"
#include "adapters/systemd/resolved.hpp"
#include "control/server.hpp"
#include "egressd/control_service.hpp"
#include "egressd/dns_service.hpp"
#include "egressd/enforcer.hpp"
#include "egressd/known_collector.hpp"
#include "egressd/options.hpp"
#include "egressd/policy_in_force.hpp"
#include "egressd/policy_store.hpp"
#include "egressd/refusal_room.hpp"
#include "egressd/reporter.hpp"
#include "egressd/sweep.hpp"
#include "egressd/table_changes.hpp"

namespace egress::daemon {

class Daemon {
 public:
  explicit Daemon(Options options);
  // Runs until it is told to end. An error: enforcement was not possible, or the environment is
  // unusable.
  Result<int> run();

 private:
  Result<void> prepare_directories();
  Result<void>
  claim_socket();  // before any commit: a second daemon must not replace the table of the first
  Result<void> open_adapters();
  Result<void> open_table();
  void keep_table();  // ours also while no daemon runs
  void undo_tampering();
  Result<void> open_dns();
  void take_answer(dns::Answer answer);
  Result<void> close_the_host();  // the first commit
  Result<void> check_dns();
  Result<void> serve();
  Result<void> start_reporter();
  Result<void> watch_all();
  void start_sweep();
  void count_flows();
  Result<void> watch(int fd, systemd::EventLoop::Callback callback);
  Result<void> on_signal(int signal, systemd::EventLoop::Callback callback);

  void adopt(policy::Policy policy);
  void forget(const std::vector<std::string>& ended);
  policy::Problems reload();
  policy::Problems try_out(const MainText& main, Instant until);
  policy::Problems confirm();
  void revert(std::string_view because);
  void note_restored_panic();
  std::string set_posture(engine::Posture posture, Instant until);
  std::string keep_posture();
  const char* status_line() const;
  void keep_last_good();
  void adopt_files(Loaded loaded);
  void set_aside(const std::string& path, const char* event, const std::string& warning);
  void save_known();  // a part of it
  void save_known_at_once();
  void note_unsaved();
  void take_resolvers();
  void follow_resolved();
  void finish_turn();
  void stop();

  Options options_;
  systemd::SystemClock clock_;
  PolicyStore store_;
  Frame frame_;
  state::Owner owner_;                                          // whom egressd becomes, or stays
  std::optional<Instant> panic_on_disk_;                        // its end
  engine::Posture posture_shown_ = engine::Posture::enforcing;  // to the service manager
  Instant count_at_{};        // when the tracked flows are to be counted
  Instant keep_at_ = kNever;  // when the policy in force is to be kept as the last good one

  std::optional<control::Descriptor> listener_;
  std::unique_ptr<netlink::NetlinkKernel> kernel_;
  std::optional<netlink::TableWatch> table_watch_;  // where the table is not ours alone
  std::unique_ptr<cares::CaresResolver> resolver_;
  std::optional<resolvconf::Watch> system_resolvers_;
  std::optional<host::AddressWatch> own_addresses_;
  std::optional<host::LinkWatch> links_;
  std::optional<state::KnownAddressesWriter> known_addresses_;
  KnownCollector collector_;
  std::optional<Enforcer> enforcer_;
  std::optional<RefusalRoom> room_;
  Instant look_for_room_at_{};
  std::optional<PolicyInForce> policy_;
  std::optional<DnsService> dns_;
  Result<void> dns_problem_;
  std::optional<control::Server> server_;
  std::optional<ControlService> service_;
  std::optional<TableChanges> changes_;
  std::optional<Reporter> reporter_;

  std::optional<systemd::EventLoop> loop_;
  std::unique_ptr<systemd::Resolved> resolved_;  // null: the message bus cannot be used
  std::optional<Sweep> sweep_;
  std::vector<systemd::Watch> watches_;
  std::vector<systemd::Source> sources_;
  std::optional<systemd::Timer> timer_;  // everything that is due
  std::optional<systemd::Timer> watchdog_;
};

}  // namespace egress::daemon
