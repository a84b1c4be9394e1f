#include <algorithm>
#include <set>

#include "egress/core/address_class.hpp"
#include "egressctl/verify/judge.hpp"

namespace egress::verify {

namespace {

// The addresses that are open for one name, entry by entry: each entry opens its own ports.
struct Open {
  std::vector<std::set<std::string>> by_entry;
  bool is_optional = true;  // every entry is

  bool holds(const IpAddress& address) const {
    const auto has = [&](const auto& addresses) { return addresses.contains(address.text()); };
    if (!std::ranges::any_of(by_entry, has)) return false;
    // What only some entries may open, as `private: true` says, is open for those alone.
    return classify(address) != AddressClass::unicast || std::ranges::all_of(by_entry, has);
  }
};

Open open_for(const DnsName& name, const control::ProofReply& proof) {
  Open open;
  for (const auto& endpoint : proof.endpoints) {
    if (endpoint.host != name.text()) continue;
    auto& addresses = open.by_entry.emplace_back();
    for (const auto& open_address : endpoint.addresses) addresses.insert(open_address.address);
    open.is_optional = open.is_optional && endpoint.optional;
  }
  return open;
}

// NXDOMAIN and NODATA are answers; a failed lookup is none.
bool is_told(const probe::Observation& seen) {
  return seen.rcode == 0 || seen.rcode == 3;
}

struct Given {
  std::size_t addresses = 0;
  std::string closed;  // one that is not open
  std::string failed;  // a question without an answer
};

Given given_by(std::span<const Trial* const> answers, const Open& open) {
  Given given;
  for (const Trial* answer : answers) {
    given.addresses += answer->seen.addresses.size();
    if (!is_told(answer->seen))
      given.failed = probe::type_text(answer->probe.type) + ": " + summary(answer->seen);
    for (const IpAddress& address : answer->seen.addresses) {
      if (!open.holds(address)) given.closed = address.text() + " is not open";
    }
  }
  return given;
}

std::chrono::microseconds slowest(std::span<const Trial* const> answers) {
  std::chrono::microseconds longest{0};
  for (const Trial* answer : answers) longest = std::max(longest, answer->seen.elapsed);
  return longest;
}

Row judge_name(const DnsName& name, std::span<const Trial* const> answers, const Open& open) {
  const Given given = given_by(answers, open);
  Row row{"works.answers",
          name.text() + ": every address that DNS gives is open",
          "agree",
          "agree",
          {},
          Mark::holds,
          slowest(answers)};
  row.evidence = "addresses given, all open: " + std::to_string(given.addresses);
  if (!given.closed.empty()) {
    row.mark = Mark::fails;
    row.seen = given.closed;
    row.evidence = "programs are given an address that they cannot reach";
  } else if (!given.failed.empty() || given.addresses == 0) {
    row.mark = open.is_optional ? Mark::warning : Mark::fails;
    row.seen = given.failed.empty() ? "no address" : given.failed;
    row.evidence.clear();
  }
  return row;
}

}  // namespace

Rows judge_answers(std::span<const Trial> answers, const control::ProofReply& after) {
  std::vector<std::pair<DnsName, std::vector<const Trial*>>> names;  // in the order of the probes
  for (const Trial& answer : answers) {
    if (names.empty() || names.back().first != *answer.probe.name)
      names.push_back({*answer.probe.name, {}});
    names.back().second.push_back(&answer);
  }
  Rows rows;
  for (const auto& [name, trials] : names)
    rows.push_back(judge_name(name, trials, open_for(name, after)));
  return rows;
}

}  // namespace egress::verify
