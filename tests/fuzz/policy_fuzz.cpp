// What holds for every text that somebody writes as a policy, as additions, as a preset or as a
// target: it is refused with problems that can be shown, or it is within the limits and prints as
// something that means the same.
#include <algorithm>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egress/policy/accepted.hpp"
#include "fuzz/input.hpp"
#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

using fuzz::require;

void check_message(const std::string& message) {
  require(!message.empty(), "a problem has a message");
  require(is_utf8(message) && !has_control_character(message), "it can be shown");
}

void check_problems(const Problems& problems) {
  require(!problems.empty(), "a refusal has a problem");
  require(std::ranges::is_sorted(problems, {}, &Problem::place), "problems by place");
  for (const Problem& problem : problems) check_message(problem.message);
}

void check_target(std::string_view text) {
  const auto target = parse_target(text, name_rules());
  if (!target) return check_message(target.error().message);
  const auto again = parse_target(target->text(), name_rules());
  require(again && again->text() == target->text(), "the canonical form is a target, and the same");
  require(again->what == target->what && again->ports == target->ports, "and means the same");
}

void check_prefix(const AllowEntry& entry) {
  const Prefix& prefix = *entry.prefix();
  const int shortest =
      prefix.family() == Family::ipv4 ? limits::kShortestPrefixV4 : limits::kShortestPrefixV6;
  require(prefix.length() >= shortest, "length of a prefix");
  const AddressClass worst = worst_class(prefix);
  require(worst != AddressClass::multicast && worst != AddressClass::unusable,
          "an entry opens hosts");
  require(
      worst == AddressClass::unicast || worst == AddressClass::private_use || entry.allows_metadata,
      "what answers for the machine itself, only where the entry says so");
}

void check_entry(const AllowEntry& entry) {
  require(1 <= entry.ports.first && entry.ports.first <= entry.ports.last, "ports");
  require(entry.reason.size() <= limits::kReasonBytes, "length of a reason");
  require(parse_target(entry.target(), name_rules()).has_value(), "an entry's target is a target");
  if (entry.prefix() != nullptr) return check_prefix(entry);
  require(entry.ports.last - entry.ports.first < static_cast<int>(limits::kPortsPerHost),
          "ports of a name");
  if (const Wildcard* wildcard = entry.wildcard())
    require(name_rules().suffix(wildcard->base) != Suffix::icann &&
                (entry.is_wide || name_rules().suffix(wildcard->base) == Suffix::none),
            "strangers are below a public suffix");
}

void check_bounded(const Problems& problems) {
  constexpr std::size_t kShown = 100;  // and one line that counts the others
  require(problems.size() <= kShown + 1, "number of problems");
  check_problems(problems);
}

// What a policy file cannot say: where an entry comes from, and the risk that a preset knows of.
Policy without_remarks(Policy policy) {
  std::vector<AllowEntry> entries(policy.entries.begin(), policy.entries.end());
  for (auto& entry : entries) {
    entry.origin = {entry.origin.kind, {}, {}, {}, {}};
    entry.risk.reset();
  }
  policy.entries = Entries(std::move(entries));
  return policy;
}

void check_policy(const Node& document) {
  const auto policy = load(Files{{document}, {}});
  if (!policy) return check_bounded(policy.error());
  require(policy->entries.size() <= limits::kEntries, "number of entries");
  require(!policy->resolvers || policy->resolvers->size() <= limits::kResolvers, "resolvers");
  require(policy->forward.size() <= limits::kForwardPatterns, "forward");
  for (const AllowEntry& entry : policy->entries) check_entry(entry);
  const auto printed = adapters::parse_yaml(print(*policy), "printed.yaml");
  require(printed.has_value(), "a policy prints as YAML");
  const auto again = load(Files{{*printed}, {}});
  require(again && without_remarks(*again) == without_remarks(*policy), "of the same meaning");
}

void check_further_file(const Node& document) {
  static const Node kMain = node("version: 1\nallow: [api.example.com]\n");
  const auto policy = load(Files{{kMain, document}, {}});
  if (!policy) return check_bounded(policy.error());
  require(policy->entries.find("tcp/api.example.com:443") != nullptr, "a file takes nothing away");
  require(policy->mode == Mode::enforce && !policy->resolvers && policy->forward.empty() &&
              policy->released && policy->released->empty(),
          "only the main file has settings");
}

void check_additions(const Node& document) {
  static const Node kMain = node("version: 1\n");
  const auto additions = parse_additions(document);
  if (!additions) return check_problems(additions.error());
  require(additions->size() <= limits::kEntries, "number of additions");
  const auto printed = adapters::parse_yaml(print_additions(*additions), "additions.yaml");
  require(printed.has_value(), "additions print as YAML");
  const auto again = parse_additions(*printed);
  require(again && *again == *additions, "of the same meaning");
  const auto policy = load(Files{{kMain}, *additions});
  if (!policy) return check_bounded(policy.error());
  for (const AllowEntry& entry : policy->entries) check_entry(entry);
}

void check_accepted(const Node& document) {
  const auto accepted = parse_accepted(document, kNow);
  if (!accepted) return check_problems(accepted.error());
  const std::string text = print_accepted(*accepted);
  const auto printed =
      adapters::parse_yaml(text, "accepted.yaml", {limits::kStateFileBytes, limits::kStateNodes});
  require(printed.has_value(), "what was accepted prints as YAML");
  const auto again = parse_accepted(*printed, kNow);
  require(again && again->policy == accepted->policy, "of the same meaning");
  require(print_accepted(*again) == text, "and the same text");
}

void check_preset(const Node& document) {
  const auto preset = parse_preset(document, name_rules());
  if (!preset) check_problems(preset.error());
}

void check(std::string_view text) {
  check_target(text.substr(0, text.find('\n')));
  const auto document = adapters::parse_yaml(text, "fuzz.yaml");
  if (!document) return check_message(document.error().message);
  check_policy(*document);
  check_further_file(*document);
  check_additions(*document);
  check_preset(*document);
  check_accepted(*document);
}

}  // namespace
}  // namespace egress::policy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  egress::policy::check(egress::fuzz::as_text({data, size}));
  return 0;
}
