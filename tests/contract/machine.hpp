// The two kernels behind one door, for the contract suite.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "egress/nft/kernel.hpp"

namespace egress::nft {

inline void PrintTo(const ElementKey& key, std::ostream* out) {
  *out << key.text();
}
inline void PrintTo(const Count& count, std::ostream* out) {
  *out << count.destination.text() << " counted " << count.packets;
}

}  // namespace egress::nft

namespace egress::test {

// A kernel and the time that passes for it.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual nft::Kernel& kernel() = 0;
  virtual void sleep(milliseconds duration) = 0;
  virtual void flush_by_others() = 0;  // nft flush ruleset
  // A new connection from this host, judged and counted. Whether it was let out. The port of kGuard
  // listens on every machine.
  virtual bool connect(const Endpoint& destination) = 0;
  // A datagram under an address that need not be this host's; those of kOwn are.
  virtual bool send_as(const std::string& source, const std::string& address, Port port) = 0;
};
inline constexpr const char* kOwn[] = {"198.18.0.1", "2001:db8:ffff::1"};

struct Variant {
  std::string name;
  bool is_real = false;
  nft::Capabilities capabilities;
};
inline void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}
std::unique_ptr<Machine> make_machine(const Variant& variant);

class Contract : public testing::TestWithParam<Variant> {
 protected:
  nft::Kernel& kernel() { return machine_->kernel(); }
  Machine& machine() { return *machine_; }

  // Commits and expects that it holds.
  void commit(const nft::Transaction& transaction);
  void commit(std::vector<nft::Change> changes) {
    commit(nft::Transaction{.replace = {}, .changes = std::move(changes)});
  }
  void install(const nft::Base& base = {}) { commit(nft::Transaction{base, {}}); }
  nft::Snapshot read(const nft::Base& expected = {});
  std::vector<nft::ElementKey> keys();

 private:
  std::unique_ptr<Machine> machine_ = make_machine(GetParam());
};

// Keys of TCP, of one address and port, and of a range of addresses and ports in nets4 or nets6.
nft::ElementKey key(nft::SetId set, const std::string& first, Port port = 443);
nft::ElementKey box(const std::string& first, const std::string& last, PortRange ports);

nft::Change add(const nft::ElementKey& key, milliseconds lifetime);
nft::Change renew(const nft::ElementKey& key, milliseconds lifetime);
nft::Change remove(const nft::ElementKey& key);

}  // namespace egress::test
