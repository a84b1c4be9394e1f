// The resolvers that compete in the DNS benchmark: who forwards programs' questions, and opens the
// answers' addresses.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "bench/dns_load.hpp"
#include "bench/egressd.hpp"

namespace egress::bench {

// An authoritative unbound at the lab's resolver address, with an address of its own for each name
// of authority.hpp.
class Upstream {
 public:
  static constexpr std::size_t kNames = 200'000;
  static constexpr std::size_t kProbe = kNames - 1;  // asked to see who is up, and for nothing else

  explicit Upstream(const test::Lab& lab);

 private:
  test::ChildProcess process_;
};

// A resolver that runs on the lab's host; ends with this object, and what it programmed with it.
class Resolver {
 public:
  explicit Resolver(const test::Lab& lab) : lab_(lab) {}
  virtual ~Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  virtual pid_t pid() const = 0;
  // What egressd says of its stages, "upstream 0.06 ms, ..."; empty for the others.
  virtual std::string stages() const { return {}; }

 protected:
  const test::Lab& lab_;
};

struct Contender {
  std::string name;
  DnsServer server;
  std::function<std::unique_ptr<Resolver>()> start;  // nothing: there is nobody in between
  std::string set{};  // that holds the addresses of its answers, "inet peer allow"
};

// Questions are asked of its own port. `program` is another egressd than the one that was built
// here.
Contender egressd(const test::Lab& lab, const std::string& program = {});
// And of a server out there, as programs do that know nothing of egressd.
Contender egressd_redirected(const test::Lab& lab);
Contender upstream_alone();
Contender dnsmasq(const test::Lab& lab, std::size_t cache_size);
Contender dnsmasq_nftset(const test::Lab& lab, std::size_t cache_size);
// Forwards, and has its cache.
Contender unbound(const test::Lab& lab);

// Starts it and returns once it answers.
std::unique_ptr<Resolver> start(const test::Lab& lab, const Contender& contender);

// IPv4 addresses in a set of the host, "inet peer allow".
std::unordered_set<std::string> addresses_in(const test::Lab& lab, const std::string& set);
// Of these names, how many have an address that is not in the set.
std::size_t not_in(const std::unordered_set<std::string>& addresses, Names names);

// How many transactions of nf_tables were committed on the host so far (NFTA_GEN_ID).
std::uint32_t table_generation(const test::Lab& lab);

}  // namespace egress::bench
