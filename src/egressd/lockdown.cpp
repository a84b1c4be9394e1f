#include "egressd/lockdown.hpp"

#include "adapters/host/addresses.hpp"
#include "adapters/host/links.hpp"
#include "adapters/host/own_key.hpp"
#include "adapters/host/privileges.hpp"
#include "adapters/netlink/netlink_kernel.hpp"
#include "adapters/systemd/clock.hpp"
#include "egress/core/limits.hpp"
#include "egressd/log.hpp"
#include "egressd/policy_in_force.hpp"

namespace egress::daemon {
namespace {

class NobodyToAsk final : public dns::Resolver {
 public:
  void ask(const dns::Question&) override {}
};

// No reason to leave the host open; they matter to answers of the DNS.
std::set<IpAddress> own_addresses() {
  auto addresses = host::own_addresses();
  if (addresses) return *std::move(addresses);
  log(Level::warning, "own-addresses-unknown", {{"message", addresses.error().message}});
  return {};
}

std::vector<nft::Link> links() {
  auto found = host::links();
  if (found) return *std::move(found);
  log(Level::warning, "links-unknown", {{"message", found.error().message}});
  return {};
}

Result<void> close_the_host(const Options& options, nft::Kernel& kernel, unsigned uid) {
  const systemd::SystemClock clock;
  NobodyToAsk resolver;
  Frame frame;
  PolicyStore store(options.paths);
  Enforcer enforcer(kernel, resolver, clock,
                    nft::DnsGuard{limits::kGuardPort, uid, host::draw_own_key()});
  PolicyInForce policy(store, frame, enforcer, [](const auto&) { return Result<void>(); });
  policy.take(own_addresses());
  policy.take(links());
  policy.take(resolvconf::read_system_resolvers({}));
  return policy.close_the_host(/*table_stood=*/false);
}

}  // namespace

Result<void> lock_down(const Options& options) {
  const auto stands = netlink::table_stands();
  if (stands && *stands) {
    log(Level::info, "lockdown", {{"table", "stands already"}});
    return {};
  }
  const auto owner = owner_of(options);
  if (!owner) return tl::unexpected(owner.error());
  auto kernel = netlink::open_kernel({.owns = !options.shares_table});
  if (!kernel) return tl::unexpected(kernel.error());
  if (!options.user.empty())
    if (auto dropped = host::drop_privileges(options.user); !dropped) return dropped;
  auto closed = close_the_host(options, **kernel, owner->uid);
  if (closed) log(Level::info, "lockdown", {{"table", "in place"}});
  return closed;
}

}  // namespace egress::daemon
