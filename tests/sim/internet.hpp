// A simulated DNS: what each name answers, and everything that can go wrong on the way.
#pragma once

#include <map>
#include <random>
#include <utility>
#include <vector>

#include "egress/dns/lookup.hpp"

namespace egress::sim {

using Random = std::mt19937_64;

inline std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}
inline bool one_in(Random& random, std::size_t n) {
  return below(random, n) == 0;
}

class Internet {
 public:
  explicit Internet(Random& random) : random_(random) {}

  // Answers may be late, lost, doubled, contradictory, failing or absurd. On at first.
  void set_faults(bool on) { has_faults_ = on; }
  void set_down(bool down) { is_down_ = down; }
  // Gives the name other addresses, TTLs or failures.
  void change(const DnsName& name);
  // A healthy record set of a few public addresses, from a small pool, so that names share them.
  void heal(const DnsName& name);

  // The nth question, from 1 on, gets this and nothing else.
  void fail_question(std::uint64_t nth, dns::Status status) { failing_ = {nth, status}; }

  void ask(const dns::Question& question, Instant now);
  // The answers that arrive by `now`, in order of arrival.
  std::vector<dns::Answer> arrivals(Instant now);
  // The process that asked is gone.
  void forget() { under_way_.clear(); }
  Instant next_arrival() const { return under_way_.empty() ? kNever : under_way_.begin()->first; }

 private:
  struct Records {
    dns::Status status = dns::Status::ok;
    std::vector<IpAddress> addresses;
    seconds ttl{30};
  };
  Records make_records(Family family, bool is_healthy);
  IpAddress pick_address(Family family);
  dns::Answer make_answer(const dns::Question& question);

  Random& random_;
  bool has_faults_ = true;
  bool is_down_ = false;
  std::uint64_t asked_ = 0;
  std::pair<std::uint64_t, dns::Status> failing_{};
  std::map<dns::Question, Records> zone_;
  std::multimap<Instant, dns::Answer> under_way_;
};

}  // namespace egress::sim
