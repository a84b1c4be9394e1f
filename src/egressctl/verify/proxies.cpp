#include <algorithm>
#include <array>
#include <map>

#include "egress/core/limits.hpp"
#include "egress/policy/proxy_ports.hpp"
#include "egressctl/verify/allowed.hpp"
#include "egressctl/verify/sources.hpp"

namespace egress::verify {

namespace {

using control::ProvableEndpoint;
using probe::Outcome;

constexpr KindId kProxy = "source.proxy";
constexpr std::array kMethods{Method::http_proxy, Method::https_proxy, Method::socks_proxy};

// Whom no network but a proxy's leads to: an outside host that no entry names or opens.
std::optional<probe::Outsider> outsider_for(const Allowed& allowed, const Outside& outside) {
  for (auto host = outside.hosts.rbegin(); host != outside.hosts.rend(); ++host) {
    const Endpoint there{v4_of(*host), Transport::tcp, kHttps};
    if (!allowed.opener(host->name) && !allowed.opener(there))
      return probe::Outsider{host->name, v4_of(*host)};
  }
  return std::nullopt;
}

// Of a range those that proxies have: which others answer is unknown.
std::vector<Port> ports_of(const ProvableEndpoint& endpoint) {
  const auto parts = split_target(endpoint.target);
  if (!parts || parts->transport != Transport::tcp) return {};
  if (parts->ports.is_single()) return {parts->ports.first};
  std::vector<Port> ports;
  for (const Port port : policy::kProxyPorts)
    if (parts->ports.contains(port)) ports.push_back(port);
  return ports;
}

// Why some of what it opens is not asked; empty: all of it is.
std::string unasked(const ProvableEndpoint& endpoint) {
  const auto parts = split_target(endpoint.target);
  if (parts && is_tunnel(parts->transport))
    return "a tunnel: what its other end forwards is reached through it";
  if (!parts || parts->transport != Transport::tcp) return {};
  if (endpoint.host.empty() && endpoint.addresses.empty())
    return "which of its addresses answer is unknown";
  return parts->ports.is_single() ? "" : "of its ports only those that proxies have";
}

// One at which it works, if one does.
std::optional<IpAddress> address_of(const ProvableEndpoint& endpoint,
                                    std::span<const Trial> works) {
  std::optional<IpAddress> first;
  for (const auto& [text, element, hits] : endpoint.addresses) {
    const auto address = IpAddress::parse(text);
    if (!address) continue;
    if (!first) first = *address;
    const auto is_reached = [&](const Trial& trial) {
      return trial.probe.target == endpoint.target && trial.probe.endpoint.address == *address &&
             trial.seen.was_answered();
    };
    if (std::ranges::any_of(works, is_reached)) return *address;
  }
  return first;
}

std::vector<Probe> questions(const ProvableEndpoint& endpoint, const IpAddress& address, Port port,
                             const probe::Outsider& outsider) {
  std::vector<Probe> probes;
  for (const Method method : kMethods) {
    Probe probe;
    probe.kind = kProxy;
    probe.method = method;
    probe.endpoint = {address, Transport::tcp, port};
    probe.target = endpoint.target;
    probe.label = label_of(endpoint) + " as a proxy";
    if (const auto name = DnsName::parse(endpoint.host)) probe.name = *name;
    probe.outsider = outsider;
    probes.push_back(std::move(probe));
  }
  return probes;
}

Row proxy_row(std::string probe, std::string seen, Mark mark) {
  return {kProxy, std::move(probe), "passes nothing on", std::move(seen), {}, mark, {}};
}

bool is_granted(const Trial& trial) {
  return trial.seen.outcome == Outcome::reached;
}

Row judge_endpoint(std::span<const Trial> trials) {
  Row row = proxy_row(describe(trials.front().probe), "no proxy", Mark::holds);
  const auto granted = std::ranges::find_if(trials, is_granted);
  const auto outcome_is = [](Outcome outcome) {
    return [outcome](const Trial& trial) { return trial.seen.outcome == outcome; };
  };
  row.latency = latency(granted == trials.end() ? trials.front() : *granted);
  if (granted != trials.end()) {
    row.mark = Mark::leak;
    row.seen = granted->seen.detail;
    row.evidence = "whatever it reaches can be reached through it; take it out of the policy";
  } else if (std::ranges::any_of(trials, outcome_is(Outcome::impossible))) {
    row.mark = Mark::not_proven;
    row.seen = summary(std::ranges::find_if(trials, outcome_is(Outcome::impossible))->seen);
  } else if (std::ranges::none_of(trials, outcome_is(Outcome::wrong_answer))) {
    row.mark = Mark::not_applicable;
    row.seen = "n/a: " + summary(trials.front().seen);
    row.evidence = "who does not answer passes nothing on";
  } else {
    row.evidence = "neither HTTP, in clear or within TLS, nor SOCKS brought " +
                   trials.front().probe.outsider->name.text();
  }
  return row;
}

}  // namespace

Plan plan_proxies(const control::ProofReply& proof, std::span<const Trial> works,
                  const Outside& outside) {
  Plan plan;
  const auto outsider = outsider_for(Allowed(proof), outside);
  if (!outsider) {
    plan.rows.push_back(proxy_row("allowed endpoints as proxies",
                                  "the policy allows every host that could be asked for",
                                  Mark::untried));
    plan.rows.back().evidence = "name hosts that it does not allow: --outside FILE";
    return plan;
  }
  std::size_t left_out = 0;
  for (const ProvableEndpoint& endpoint : proof.endpoints) {
    if (std::string why = unasked(endpoint); !why.empty())
      plan.rows.push_back(proxy_row(label_of(endpoint), std::move(why), Mark::not_probed));
    const auto address = address_of(endpoint, works);
    if (!address) continue;
    for (const Port port : ports_of(endpoint)) {
      const bool has_room = plan.probes.size() < limits::kProofProxies * kMethods.size();
      if (!has_room) ++left_out;
      if (!has_room) continue;
      for (Probe& probe : questions(endpoint, *address, port, *outsider))
        plan.probes.push_back(std::move(probe));
    }
  }
  if (left_out > 0)
    plan.rows.push_back(proxy_row(std::to_string(left_out) + " more endpoints as proxies",
                                  "verify asks at most " + std::to_string(limits::kProofProxies),
                                  Mark::untried));
  return plan;
}

Rows judge_proxies(std::span<const Trial> trials) {
  Rows rows;
  for (std::size_t i = 0; i + kMethods.size() <= trials.size(); i += kMethods.size())
    rows.push_back(judge_endpoint(trials.subspan(i, kMethods.size())));
  return rows;
}

}  // namespace egress::verify
