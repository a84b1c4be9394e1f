#include "egressd/daemon.hpp"

#include <csignal>

#include "adapters/host/own_key.hpp"
#include "adapters/host/privileges.hpp"
#include "adapters/state/files.hpp"
#include "adapters/systemd/notify.hpp"
#include "control/unix_socket.hpp"
#include "egress/core/limits.hpp"
#include "egress/engine/crowd.hpp"
#include "egressd/live_sessions.hpp"
#include "egressd/log.hpp"
#include "egressd/version.hpp"

namespace egress::daemon {
namespace {

template <class T>
bool take(Result<T>&& result, std::optional<T>& into, Error& error) {
  if (!result) {
    error = result.error();
    return false;
  }
  into.emplace(*std::move(result));
  return true;
}

std::vector<control::ResolverReport> report_resolvers(const cares::CaresResolver& resolver) {
  std::vector<control::ResolverReport> reports;
  for (const cares::ResolverTally& tally : resolver.tallies())
    reports.push_back(
        {tally.resolver, tally.answers, tally.failures, tally.failures_since,
         tally.failures == 0 ? std::string() : std::string(dns::text(tally.last_failure))});
  return reports;
}

constexpr const char* kGuardRemedy =
    "; the host is closed and resolves no name. The guard's sockets are those of "
    "egressd-dns.socket "
    "(systemctl restart egressd-dns.socket); without it egressd is started as root, with --user";

}  // namespace

Daemon::Daemon(Options options) : options_(std::move(options)), store_(options_.paths) {}

// Closing the host comes before everything that can wait.
Result<int> Daemon::run() {
  frame_.started = clock_.now();
  return prepare_directories()
      .and_then([&] { return claim_socket(); })
      .and_then([&] { return open_adapters(); })
      .and_then([&] { return close_the_host(); })
      .and_then([&] { return check_dns(); })
      .and_then([&] { return serve(); })
      .and_then([&] { return loop_->run(); });
}

Result<void> Daemon::prepare_directories() {
  const auto owner = owner_of(options_);
  if (!owner) return tl::unexpected(owner.error());
  owner_ = *owner;
  if (auto made = state::prepare_directory(options_.paths.state_dir, owner_); !made) return made;
  return state::prepare_directory(options_.paths.runtime_dir, owner_);
}

Result<void> Daemon::claim_socket() {
  Error error;
  if (!take(control::listen_at(options_.paths.socket()), listener_, error))
    return tl::unexpected(error);
  return {};
}

Result<void> Daemon::open_adapters() {
  Error error;
  if (auto opened = open_table(); !opened) return opened;
  if (!take(host::AddressWatch::open(), own_addresses_, error)) return tl::unexpected(error);
  if (!take(host::LinkWatch::open(), links_, error)) return tl::unexpected(error);
  if (!take(resolvconf::Watch::open({}), system_resolvers_, error)) return tl::unexpected(error);
  const OwnKey key = host::draw_own_key();
  auto resolver = cares::CaresResolver::open(
      {}, [this](dns::Answer answer) { take_answer(std::move(answer)); }, key);
  if (!resolver) return tl::unexpected(resolver.error());
  resolver_ = *std::move(resolver);
  enforcer_.emplace(*kernel_, *resolver_, clock_,
                    nft::DnsGuard{limits::kGuardPort, owner_.uid, key});
  room_.emplace(*kernel_);
  enforcer_->on_save([this] { collector_.begin(); });
  policy_.emplace(store_, frame_, *enforcer_,
                  [this](const auto& resolvers) { return resolver_->set_resolvers(resolvers); });
  dns_problem_ = open_dns();
  if (!options_.user.empty())
    if (auto dropped = host::drop_privileges(options_.user); !dropped) return dropped;
  known_addresses_.emplace(options_.paths.known_addresses());  // a thread: not before the drop
  return {};
}

Result<void> Daemon::open_dns() {
  auto listener = DnsService::listen([this] { return dns_ ? &*dns_ : nullptr; });
  if (!listener) return tl::unexpected(listener.error());
  auto owners = dns_listener::SocketOwner::open();
  if (!owners) return tl::unexpected(owners.error());
  dns_.emplace(*std::move(listener), *std::move(owners), *enforcer_);
  enforcer_->on_ask([this](const dns::Question& question) { dns_->on_ask(question); });
  return {};
}

void Daemon::take_answer(dns::Answer answer) {
  if (dns_)
    dns_->on_answer(std::move(answer));
  else
    enforcer_->note(engine::Answered{std::move(answer)});
}

Result<void> Daemon::close_the_host() {
  policy_->take(links_->links());
  policy_->take(own_addresses_->addresses());
  take_resolvers();
  auto closed = policy_->close_the_host(kernel_->found_table());
  if (!closed) return closed;
  keep_table();
  note_restored_panic();
  if (const auto& problem = policy_->unusable_known())
    set_aside(options_.paths.known_addresses(), "known-addresses-set-aside",
              "the known addresses could not be read and were set aside: " + problem->message);
  keep_at_ = clock_.now();
  return {};
}

// The host is closed by now, also where its guard cannot listen; then no name is resolved, and a
// manager that starts us again finds it closed.
Result<void> Daemon::check_dns() {
  if (dns_problem_) return {};
  if (engine::is_guarded(enforcer_->engine().inputs()))
    return fail(dns_problem_.error().message + kGuardRemedy);
  log(Level::warning, "guard-cannot-listen", {{"message", dns_problem_.error().message}});
  return {};
}

Result<void> Daemon::serve() {
  const auto on_request = [this](control::ClientId client, const control::Request& request,
                                 const control::Peer& peer) {
    service_->handle(client, request, peer);
  };
  Error error;
  const auto stopwatch = [this] { return clock_.stopwatch(); };
  if (!take(control::Server::start(*std::move(listener_), on_request, "egress", stopwatch), server_,
            error))
    return tl::unexpected(error);
  if (auto started = start_reporter(); !started) return started;
  service_.emplace(
      *enforcer_, dns_ ? &*dns_ : nullptr, store_, frame_, *changes_,
      ControlService::Hooks{
          .reply =
              [this](control::ClientId client, const control::Reply& reply) {
                server_->reply(client, reply, clock_.now());
              },
          .read = [this](control::ClientId client, const control::Request& request,
                         const control::Peer& peer) { reporter_->ask(client, request, peer); },
          .adopt = [this](policy::Policy policy) { adopt(std::move(policy)); },
          .reload = [this] { return reload(); },
          .set_posture = [this](engine::Posture posture,
                                Instant until) { return set_posture(posture, until); },
          .try_out = [this](const MainText& main, Instant until) { return try_out(main, until); },
          .confirm = [this] { return confirm(); },
          .resolvers = [this] { return report_resolvers(*resolver_); }});
  if (auto watching = watch_all(); !watching) return watching;
  log(Level::info, "ready",
      {{"version", kVersion},
       {"policy", options_.paths.config},
       {"socket", options_.paths.socket()}});
  keep_last_good();
  return systemd::notify_ready(status_line());
}

Result<void> Daemon::start_reporter() {
  Error error;
  if (!take(TableChanges::make(), changes_, error)) return tl::unexpected(error);
  enforcer_->on_change([this](const nft::Transaction* transaction) {
    transaction != nullptr ? changes_->note(*transaction) : changes_->note_everything();
  });
  auto reporter = Reporter::start(
      *changes_,
      {.detach = [this] { return kernel_->detach(); },
       .make = [this](const control::Request& request,
                      TableChanges::Mark since) { return service_->report(request, since); },
       .reply = [this](
                    control::ClientId client,
                    const control::Reply& reply) { server_->reply(client, reply, clock_.now()); },
       .hand_over =
           [this](control::ClientId client, control::Descriptor file, std::size_t size) {
             server_->reply(client, std::move(file), size, clock_.now());
           },
       .awaits_reply = [this](control::ClientId client) { return server_->awaits_reply(client); },
       .stopwatch = [this] { return clock_.stopwatch(); }});
  if (!reporter) return tl::unexpected(reporter.error());
  reporter_.emplace(std::move(*reporter));
  return {};
}

void Daemon::start_sweep() {
  sweep_.emplace(*loop_,
                 Sweep::Hooks{.detach = [this] { return kernel_->detach(); },
                              .work =
                                  [this](const engine::ForgetCrowd& order) {
                                    find_networks(*enforcer_);
                                    return engine::thin_out(*kernel_, enforcer_->engine(), order,
                                                            clock_.now());
                                  },
                              .done = [this](std::size_t flows) { enforcer_->forgotten(flows); }});
  enforcer_->on_crowd([this](const engine::ForgetCrowd& order) { sweep_->begin(order); });
}

void Daemon::count_flows() {
  enforcer_->count_flows();
  enforcer_->look_at_time_servers();
  count_at_ = clock_.now() + limits::kFlowsLook;
}

// What the stub of systemd-resolved stands for is split as it would split it.
void Daemon::take_resolvers() {
  const resolvconf::SystemResolvers& found = system_resolvers_->current();
  const bool is_resolveds = resolved_ && found.source == resolvconf::Paths().upstreams;
  policy_->take(is_resolveds ? resolvconf::split(found, resolved_->links()) : found);
}

// Without the bus there are its servers, and no domains.
void Daemon::follow_resolved() {
  auto resolved = systemd::Resolved::open(*loop_, [this] { take_resolvers(); });
  if (resolved)
    resolved_ = *std::move(resolved);
  else
    log(Level::warning, "resolved-not-followed", {{"message", resolved.error().message}});
}

Result<void> Daemon::watch_all() {
  Error error;
  if (!take(systemd::EventLoop::open(), loop_, error)) return tl::unexpected(error);
  follow_resolved();
  start_sweep();
  // c-ares finds out by itself whether a question has timed out; all other work is done at the
  // turn's end.
  if (!take(loop_->timer([this] { resolver_->dispatch(); }), timer_, error))
    return tl::unexpected(error);
  timer_->arm(clock_.now());
  auto turn = loop_->after_each_turn([this] { finish_turn(); });
  if (!turn) return tl::unexpected(turn.error());
  sources_.push_back(*std::move(turn));
  if (const auto interval = systemd::watchdog_interval()) {
    const auto period = std::chrono::duration_cast<milliseconds>(*interval);
    const auto ping = [this, period] {
      (void)systemd::notify_alive();  // a manager that has gone away is no reason to stop
      watchdog_->arm(clock_.now() + period);
    };
    if (!take(loop_->timer(ping), watchdog_, error)) return tl::unexpected(error);
    watchdog_->arm(clock_.now());
  }
  return watch(resolver_->fd(), [this] { resolver_->dispatch(); })
      .and_then(
          [&] { return dns_ ? watch(dns_->fd(), [this] { dns_->dispatch(); }) : Result<void>(); })
      .and_then([&] {
        return table_watch_ ? watch(table_watch_->fd(), [this] { undo_tampering(); })
                            : Result<void>();
      })
      .and_then([&] { return watch(server_->fd(), [this] { server_->dispatch(clock_.now()); }); })
      .and_then([&] { return watch(reporter_->fd(), [this] { reporter_->dispatch(); }); })
      .and_then([&] {
        return watch(system_resolvers_->fd(), [this] {
          if (system_resolvers_->dispatch()) take_resolvers();
          if (resolved_) resolved_->refresh();
        });
      })
      .and_then([&] {
        return watch(own_addresses_->fd(), [this] {
          if (own_addresses_->dispatch()) policy_->take(own_addresses_->addresses());
        });
      })
      .and_then([&] {
        return watch(links_->fd(), [this] {
          if (links_->dispatch().value_or(false)) policy_->take(links_->links());
        });
      })
      .and_then([&] { return on_signal(SIGHUP, [this] { reload(); }); })
      .and_then([&] { return on_signal(SIGTERM, [this] { stop(); }); })
      .and_then([&] { return on_signal(SIGINT, [this] { stop(); }); });
}

Result<void> Daemon::watch(int fd, systemd::EventLoop::Callback callback) {
  auto watching =
      loop_->watch(fd, [callback = std::move(callback)](systemd::Ready) { callback(); });
  if (!watching) return tl::unexpected(watching.error());
  watches_.push_back(*std::move(watching));
  return {};
}

Result<void> Daemon::on_signal(int signal, systemd::EventLoop::Callback callback) {
  auto source = loop_->on_signal(signal, std::move(callback));
  if (!source) return tl::unexpected(source.error());
  sources_.push_back(*std::move(source));
  return {};
}

// Once after all that was ready together: one transaction, the answers to clients, the next moment
// to wake.
void Daemon::finish_turn() {
  const Instant now = clock_.now();
  if (const auto wait = resolver_->wait(); wait && wait->count() == 0) resolver_->dispatch();
  if (server_->next_deadline() <= now) server_->dispatch(now);
  if (count_at_ <= now) count_flows();
  enforcer_->turn();
  if (dns_) dns_->settle();
  if (const auto ended = enforcer_->take_ended(); !ended.empty()) forget(ended);
  service_->settle();
  if (frame_.trial && frame_.trial->until <= now) revert("it was not confirmed in time");
  (void)keep_posture();
  if (keep_at_ <= now) keep_last_good();
  reporter_->settle(now);
  if (collector_.is_under_way()) save_known();
  if (look_for_room_at_ <= now) look_for_room_at_ = room_->look(now);
  Instant next =
      std::min({enforcer_->next_deadline(), dns_ ? dns_->next_deadline() : kNever,
                server_->next_deadline(), service_->next_deadline(), reporter_->next_deadline(),
                keep_at_, count_at_, look_for_room_at_, frame_.trial ? frame_.trial->until : kNever,
                collector_.is_under_way() ? now : kNever});
  if (const auto wait = resolver_->wait()) next = std::min(next, clock_.now() + *wait);
  timer_->arm(next);
}

// SIGTERM leaves the table as it is: a stopped daemon never opens anything, and leaves nothing open
// that it alone would have closed.
void Daemon::stop() {
  if (frame_.trial) revert("egressd stops");
  if (enforcer_->engine().inputs().posture == engine::Posture::open) {
    log(Level::warning, "closed", {{"because", "egressd stops"}});
    set_posture(engine::Posture::enforcing, kNever);
  }
  (void)systemd::notify_stopping("The table stays in place");
  save_known_at_once();
  keep_last_good();
  log(Level::info, "stopping", {{"table", "stays in place"}});
  loop_->exit(0);
}

}  // namespace egress::daemon
