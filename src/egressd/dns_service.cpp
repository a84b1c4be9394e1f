#include "egressd/dns_service.hpp"

#include "adapters/systemd/listen.hpp"
#include "egress/core/limits.hpp"
#include "egress/engine/compile.hpp"
#include "egressd/log.hpp"

namespace egress::daemon {

Result<dns_listener::DnsListener> DnsService::listen(std::function<DnsService*()> service) {
  const auto owner_of = [service](int connection, const guard::Client& client) {
    DnsService* const self = service();
    return self != nullptr ? self->owners_.uid_of_connection(connection, client) : std::nullopt;
  };
  const auto on_message = [service = std::move(service)](const guard::Client& client,
                                                         std::span<const std::uint8_t> message) {
    if (DnsService* self = service()) self->take(client, message);
  };
  if (std::vector<int> held = systemd::passed_descriptors("dns"); !held.empty())
    return dns_listener::DnsListener::adopt(std::move(held), on_message, owner_of);
  return dns_listener::DnsListener::open(limits::kGuardPort, on_message, owner_of);
}

DnsService::DnsService(dns_listener::DnsListener listener, dns_listener::SocketOwner owners,
                       Enforcer& enforcer)
    : listener_(std::move(listener)),
      owners_(std::move(owners)),
      enforcer_(enforcer),
      guard_(
          enforcer.engine(),
          {.send = [this](
                       const guard::Client& client,
                       std::span<const std::uint8_t> message) { listener_.reply(client, message); },
           .tell = [this](const engine::Event& event) { enforcer_.note(event); },
           .note =
               [](const engine::Notice& notice) { log(notice.level, notice.event, notice.fields); },
           .stopwatch = [this] { return enforcer_.clock().stopwatch(); },
           .user_of = [this](const guard::Client& client) { return owners_.uid_of(client); }}) {}

void DnsService::dispatch() {
  listener_.dispatch(enforcer_.clock().now());
}

// A policy without the guard leaves the port bound and silent: nobody is redirected to it.
void DnsService::take(const guard::Client& client, std::span<const std::uint8_t> message) {
  if (is_on()) guard_.take(client, message, enforcer_.clock().now());
}

bool DnsService::is_on() const {
  return enforcer_.engine().has_policy() && engine::is_guarded(enforcer_.engine().inputs());
}

void DnsService::on_answer(dns::Answer answer) {
  const dns::Question question = answer.question;
  const bool is_awaited = guard_.is_awaited(question);
  enforcer_.note(engine::Answered{std::move(answer), is_awaited});
  if (is_awaited) guard_.on_answer(question, enforcer_.clock().now());
}

void DnsService::settle() {
  const Instant now = enforcer_.clock().now();
  guard_.settle(now);
  if (listener_.next_deadline() <= now) listener_.dispatch(now);
  listener_.flush(now);
}

Instant DnsService::next_deadline() const {
  return std::min(guard_.next_deadline(), listener_.next_deadline());
}

}  // namespace egress::daemon
