#include "contract/machine.hpp"

#include <thread>

#include "adapters/netlink/netlink_kernel.hpp"
#include "contract/guarded.hpp"
#include "contract/real_kernel.hpp"
#include "support/address.hpp"
#include "support/borrowed_socket.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_kernel.hpp"
#include "support/netns.hpp"
#include "support/probe.hpp"
#include "support/servers.hpp"

namespace egress::test {
namespace {

constexpr Port kBorrowedPort = 4444;

class FakeMachine : public Machine {
 public:
  explicit FakeMachine(const nft::Capabilities& capabilities) : kernel_(clock_, capabilities) {
    for (const char* address : kOwn) kernel_.own_addresses.insert(*IpAddress::parse(address));
  }
  nft::Kernel& kernel() override { return kernel_; }
  void sleep(milliseconds duration) override { clock_.advance(duration); }
  void flush_by_others() override { kernel_.flush(); }
  bool connect(const Endpoint& destination) override { return kernel_.connect(destination); }
  bool send_as(const std::string& source, const std::string& address, Port port) override {
    return kernel_.connect({*IpAddress::parse(address), Transport::udp, port},
                           {*IpAddress::parse(source)});
  }

 private:
  FakeClock clock_;
  FakeKernel kernel_;
};

class RealMachine : public Machine {
 public:
  explicit RealMachine(const nft::Capabilities& ceiling)
      : kernel_(
            in_namespace(netns_.name(), [&] { return netlink::open_kernel(ceiling).value(); })) {
    // Somewhere to send to: everything ends at a neighbour that does not exist.
    netns_.run(
        "ip link add out type veth peer name far; ip link set out up; ip link set far up;"
        "ip addr add 198.18.0.1/15 dev out; ip addr add 2001:db8:ffff::1/64 dev out nodad;"
        "ip route add default via 198.18.0.2; ip route add default via 2001:db8:ffff::2;"
        "ip neigh add 198.18.0.2 lladdr 02:00:00:00:00:02 dev out;"
        "ip neigh add 2001:db8:ffff::2 lladdr 02:00:00:00:00:02 dev out");
  }
  nft::Kernel& kernel() override { return *kernel_; }
  void sleep(milliseconds duration) override { std::this_thread::sleep_for(duration); }
  void flush_by_others() override { netns_.run("nft flush ruleset"); }
  bool connect(const Endpoint& destination) override {
    return tcp_probe(netns_.name(), destination.address.text(), destination.port) != Seen::refused;
  }
  bool send_as(const std::string& source, const std::string& address, Port port) override {
    BorrowedSocket socket(netns_.name(), {.source = source,
                                          .port = kBorrowedPort,
                                          .type = SOCK_DGRAM,
                                          .how = Borrowing::transparent});
    return socket.send(address, port, "x") == 0;
  }

 private:
  NetworkNamespace netns_;
  TcpServer guard_{netns_.name(), {kGuard.port}};
  std::unique_ptr<nft::Kernel> kernel_;
};

std::vector<Variant> variants() {
  const nft::Capabilities old{.updates_timeout = false, .destroys = false, .owns = false};
  return {{"Fake", false, {}},
          {"FakeOld", false, old},
          {"Real", true, of_this_linux()},
          {"RealOld", true, old}};
}

}  // namespace

std::unique_ptr<Machine> make_machine(const Variant& variant) {
  if (variant.is_real) return std::make_unique<RealMachine>(variant.capabilities);
  return std::make_unique<FakeMachine>(variant.capabilities);
}

void Contract::commit(const nft::Transaction& transaction) {
  const nft::CommitOutcome outcome = kernel().commit(transaction);
  ASSERT_EQ(outcome.status, nft::CommitOutcome::Status::committed) << outcome.message;
}

nft::Snapshot Contract::read(const nft::Base& expected) {
  return kernel().read(expected).value();
}

std::vector<nft::ElementKey> Contract::keys() {
  std::vector<nft::ElementKey> all;
  for (const nft::LiveElement& element : read().elements) all.push_back(element.key);
  return all;
}

nft::ElementKey key(nft::SetId set, const std::string& address, Port port) {
  return nft::ElementKey::endpoint(set, {*IpAddress::parse(address), Transport::tcp, port});
}

nft::ElementKey box(const std::string& first, const std::string& last, PortRange ports) {
  return {.set = nft::SetId::nets,
          .first = *IpAddress::parse(first),
          .last = *IpAddress::parse(last),
          .transport = Transport::tcp,
          .ports = ports};
}

nft::Change add(const nft::ElementKey& key, milliseconds lifetime) {
  return {nft::Change::Verb::add, key, lifetime};
}
nft::Change renew(const nft::ElementKey& key, milliseconds lifetime) {
  return {nft::Change::Verb::renew, key, lifetime};
}
nft::Change remove(const nft::ElementKey& key) {
  return {nft::Change::Verb::remove, key, milliseconds{0}};
}

INSTANTIATE_TEST_SUITE_P(Kernels, Contract, testing::ValuesIn(variants()),
                         [](const auto& variant) { return variant.param.name; });

}  // namespace egress::test
