#include "sim/internet.hpp"

namespace egress::sim {
namespace {

using dns::Status;
using namespace std::chrono_literals;

constexpr std::size_t kPool = 40;  // few enough for names to share addresses often

}  // namespace

IpAddress Internet::pick_address(Family family) {
  const auto number = static_cast<std::uint8_t>(below(random_, kPool));
  if (family == Family::ipv4) return IpAddress::v4({198, 51, 101, number});
  return IpAddress::v6({0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number});
}

Internet::Records Internet::make_records(Family family, bool is_healthy) {
  Records records;
  std::size_t count = 1 + below(random_, 4);
  if (!is_healthy && one_in(random_, 3)) {
    constexpr Status kFailures[] = {Status::nodata,     Status::nxdomain, Status::servfail,
                                    Status::refused,    Status::timeout,  Status::malformed,
                                    Status::unreachable};
    records.status = kFailures[below(random_, std::size(kFailures))];
    return records;
  }
  constexpr seconds kTtls[] = {
      30s, 60s, 300s, 0s, 1s, 5s, 3600s, 86400s, seconds{1LL << 31}, seconds{(1LL << 32) - 1}};
  records.ttl = kTtls[below(random_, is_healthy ? 3 : std::size(kTtls))];
  for (std::size_t i = 0; i < count; ++i) records.addresses.push_back(pick_address(family));
  if (is_healthy) return records;
  if (one_in(random_, 40))  // a huge answer
    for (int i = 0; i < 256; ++i)
      records.addresses.push_back(IpAddress::v4({203, 0, 114, static_cast<std::uint8_t>(i)}));
  if (one_in(random_, 8)) records.addresses.push_back(*IpAddress::parse("169.254.169.254"));
  if (one_in(random_, 8)) records.addresses.push_back(*IpAddress::parse("10.0.0.1"));
  if (one_in(random_, 8)) records.addresses.push_back(*IpAddress::parse("::ffff:127.0.0.1"));
  return records;
}

void Internet::change(const DnsName& name) {
  for (const Family family : {Family::ipv4, Family::ipv6})
    zone_[{name, family}] = make_records(family, false);
}

void Internet::heal(const DnsName& name) {
  for (const Family family : {Family::ipv4, Family::ipv6})
    zone_[{name, family}] = make_records(family, true);
}

dns::Answer Internet::make_answer(const dns::Question& question) {
  if (is_down_) return {question, Status::timeout, {}, 0s, {}};
  if (has_faults_ && one_in(random_, 20))
    change(question.name);  // contradicts what it said a moment ago
  const auto at = zone_.find(question);
  if (at == zone_.end()) return {question, Status::nxdomain, {}, 0s, {}};
  const Records& records = at->second;
  return {question, records.status, records.addresses, records.ttl, {}};
}

// Every question gets an answer in the end; that is the resolver's contract, a lost packet is a
// timeout.
void Internet::ask(const dns::Question& question, Instant now) {
  milliseconds delay{1 + static_cast<std::int64_t>(below(random_, 30))};
  if (is_down_) delay = 4500ms;
  dns::Answer answer = make_answer(question);
  if (has_faults_ && one_in(random_, 10)) delay += seconds{below(random_, 20)};
  if (has_faults_ && one_in(random_, 15)) answer = {question, Status::timeout, {}, 0s, {}};
  if (++asked_ == failing_.first) answer = {question, failing_.second, {}, 0s, {}};
  under_way_.emplace(now + delay, answer);
  if (has_faults_ && one_in(random_, 10))
    under_way_.emplace(now + delay + seconds{below(random_, 5)}, answer);
}

std::vector<dns::Answer> Internet::arrivals(Instant now) {
  std::vector<dns::Answer> answers;
  while (!under_way_.empty() && under_way_.begin()->first <= now) {
    answers.push_back(std::move(under_way_.begin()->second));
    under_way_.erase(under_way_.begin());
  }
  return answers;
}

}  // namespace egress::sim
