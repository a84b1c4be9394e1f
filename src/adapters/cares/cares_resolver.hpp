// dns::Resolver over c-ares: asks the resolvers it was given and nobody else (no search domains, no
// hosts file, no /etc/resolv.conf), falls back to TCP on truncation, and tells every kind of
// failure apart.
//
// A question goes to one resolver after the other until one of them knows: an address, NODATA and
// NXDOMAIN are final; after SERVFAIL, REFUSED, a malformed or no answer the next one is asked.
// Resolvers that were silent or unreachable are tried a second time. When none knows, the most
// telling failure is the answer.
//
// A resolver that was silent twice in a row is asked last, until it speaks again: so a dead one
// delays the first questions alone. One question at a time is put to it beside the others to find
// out.
//
// A name of a zone is asked of that zone's resolvers alone, any other of those of no zone; so is
// each alias on the way, wherever an answer leads from the one into the other.
//
// Belongs to one thread. The caller waits for fd() to be readable, at most wait(), and calls
// dispatch().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "egress/core/own_key.hpp"
#include "egress/core/result.hpp"
#include "egress/core/time.hpp"
#include "egress/dns/lookup.hpp"
#include "egress/policy/policy.hpp"

namespace egress::cares {

// How the tries at one resolver ended since it was pinned.
struct ResolverTally {
  std::string resolver;
  std::uint64_t answers = 0;                        // an address, NODATA or NXDOMAIN
  std::uint64_t failures = 0;                       // everything else
  std::uint64_t failures_since = 0;                 // of these, since its last answer
  dns::Status last_failure = dns::Status::timeout;  // of any failures
};

class CaresResolver final : public dns::Resolver {
 public:
  using Deliver = std::function<void(dns::Answer)>;
  static constexpr int kTriesPerResolver = 2;

  // `deliver` is called out of dispatch() only, and may call ask() and set_resolvers(). `key`:
  // by which the rules know our questions (needs CAP_NET_ADMIN).
  static Result<std::unique_ptr<CaresResolver>> open(const policy::Resolvers& resolvers,
                                                     Deliver deliver,
                                                     std::optional<OwnKey> key = std::nullopt);
  // Questions still open get no answer.
  ~CaresResolver() override;

  // Asks from now on these, in their order (at most limits::kResolversInAll; where there is none
  // for a name every answer is `unreachable`). Open questions start again with them. On error the
  // old ones stay.
  Result<void> set_resolvers(const policy::Resolvers& resolvers);
  void ask(const dns::Question& question) override;
  // One for each resolver, those of no zone first.
  const std::vector<ResolverTally>& tallies() const;

  // An epoll descriptor, readable when dispatch() has something to read.
  int fd() const;
  // How long until dispatch() has work even if fd() stays silent; empty: no such moment. Changes
  // with every call of ask(), set_resolvers() and dispatch().
  std::optional<milliseconds> wait() const;
  void dispatch();

 private:
  class State;
  explicit CaresResolver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace egress::cares
