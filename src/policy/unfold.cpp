#include "policy/unfold.hpp"

#include <algorithm>
#include <iterator>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/nearest.hpp"
#include "egress/core/text.hpp"
#include "policy/target_parts.hpp"

namespace egress::policy {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

// Whether the operator may name this address. Private ones are explicit here, so they need no flag;
// host names do, since their answers come from outside.
Result<void> check_prefix(const Prefix& prefix, const EntryOptions& options) {
  const AddressClass worst = worst_class(prefix);
  const std::string verb = prefix.is_single() ? " is " : " contains ";
  const std::string article = worst == AddressClass::unusable ? "an " : "a ";
  const std::string what =
      quoted(prefix.text()) + verb + article + std::string(text(worst)) + " address";
  switch (worst) {
    case AddressClass::unicast:
    case AddressClass::private_use:
      return {};
    case AddressClass::metadata:
    case AddressClass::loopback:
    case AddressClass::link_local:
      if (options.allows_metadata) return {};
      return fail(what + "; accepted: only with metadata: true (allow --metadata)");
    case AddressClass::multicast:
    case AddressClass::unusable:
      break;
  }
  return fail(what + "; accepted: unicast addresses");
}

Result<Wildcard> without(Wildcard wildcard, const std::vector<std::string>& except,
                         const NameRules& rules) {
  if (except.size() > limits::kExceptions)
    return fail(std::to_string(except.size()) + " exceptions; accepted: up to " +
                std::to_string(limits::kExceptions));
  for (const std::string& written : except) {
    auto name = rules.to_a_label(written).and_then(
        [](const std::string& a_label) { return DnsName::parse(a_label); });
    if (!name) return tl::unexpected(name.error());
    if (!name->is_below(wildcard.base))
      return fail(quoted(written) + " is not below " + quoted(wildcard.base.text()) +
                  "; accepted: names that " + quoted(wildcard.text()) + " covers");
    wildcard.except.push_back(*std::move(name));
  }
  std::ranges::sort(wildcard.except);
  const auto repeated = std::ranges::unique(wildcard.except);
  wildcard.except.erase(repeated.begin(), repeated.end());
  return wildcard;
}

std::optional<Risk> risk_of_services(const DnsName& domain) {
  return Risk{Risk::Kind::wide, "strangers register names below " + domain.text() +
                                    ", and an SRV record may lead to any of them"};
}

Result<std::vector<AllowEntry>> unfold_ports(const Target& target, const EntryOptions& options,
                                             const NameRules& rules) {
  const auto destination = with_options(std::get<Destination>(target.what), options, rules);
  if (!destination) return tl::unexpected(destination.error());
  const auto services = service_domain(target, options, rules);
  if (!services) return tl::unexpected(services.error());
  const bool leads_far = *services && leads_to_strangers(**services, rules);
  const auto risk = leads_far ? risk_of_services(**services) : risk_of_suffix(*destination, rules);
  const bool is_wide = leads_far || (risk && std::holds_alternative<Wildcard>(*destination));
  std::vector<AllowEntry> entries;
  for (const auto& ports : target.ports) {
    AllowEntry entry;
    entry.destination = *destination;
    entry.transport = target.transport;
    entry.ports = ports;
    entry.is_optional = options.is_optional;
    entry.allows_private = options.allows_private;
    entry.allows_metadata = options.allows_metadata;
    entry.is_wide = is_wide;
    entry.service_domain = *services;
    entry.risk = risk;
    entry.until = options.until;
    entry.reason = options.reason;
    entries.push_back(std::move(entry));
  }
  return entries;
}

// A parameter stands for one label, so that it can never reach outside the template's own domain.
Result<std::string> parse_label(std::string_view text) {
  const auto name = DnsName::parse(std::string(text) + ".example");
  if (name && text.find('.') == text.npos) return name->text().substr(0, text.size());
  return fail(quoted(text) +
              " is not a single label of a host name; accepted: letters, digits, hyphens");
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  for (auto at = text.find('@'); at != text.npos; at = text.find('@')) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

Result<Values> bind_parameters(const Preset& preset, std::string_view parameter) {
  const auto given = split(parameter);
  if (given.size() < preset.parameters.size()) {
    return fail("the preset " + quoted(preset.name) + " needs " + preset.parameters[given.size()] +
                "; accepted: preset:" + preset.name + '@' + joined(preset.parameters));
  }
  if (given.size() > preset.parameters.size()) {
    return fail("the preset " + quoted(preset.name) + " takes no parameter " +
                quoted(given[preset.parameters.size()]) + "; accepted: preset:" + preset.name +
                (preset.parameters.empty() ? "" : '@' + joined(preset.parameters)));
  }
  Values values;
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto label = parse_label(given[i]);
    if (!label) return tl::unexpected(label.error());
    values.emplace(preset.parameters[i], std::move(*label));
  }
  return values;
}

Result<std::vector<AllowEntry>> unfold_preset_entry(const PresetEntry& written,
                                                    const Values& values, EntryOptions options,
                                                    const NameRules& rules) {
  options.is_optional = options.is_optional || written.is_optional;
  options.allows_private = options.allows_private || written.allows_private;
  options.is_wide = options.is_wide || written.is_wide;
  for (const std::string& excepted : written.except) {
    auto name = substitute(excepted, values);
    if (!name) return tl::unexpected(name.error());
    options.except.push_back(*std::move(name));
  }
  return substitute(written.target, values)
      .and_then([&](const std::string& target) { return parse_target(target, rules); })
      .and_then([&](const Target& target) { return unfold_ports(target, options, rules); });
}

Result<std::vector<AllowEntry>> unfold_preset(const Target& target, const EntryOptions& options,
                                              const Dictionary& dictionary) {
  const auto& reference = std::get<Target::PresetReference>(target.what);
  const auto preset = find_preset(reference.name, dictionary.catalogue);
  if (!preset) return tl::unexpected(preset.error());
  const auto values = bind_parameters(**preset, reference.parameter);
  if (!values) return tl::unexpected(values.error());
  if (options.has_services)
    return fail("srv of a preset; accepted: srv: true (allow --srv) of a host by its own name");
  if (!options.except.empty())
    return fail("exceptions of a preset; accepted: exceptions of a wildcard that is written out");

  std::vector<AllowEntry> entries;
  for (const auto& written : (*preset)->entries) {
    auto unfolded = unfold_preset_entry(written, *values, options, dictionary.rules);
    if (!unfolded)
      return fail("in the preset " + quoted(reference.name) + ": " + unfolded.error().message);
    for (auto& entry : *unfolded) {
      if (const auto& known = risk_of(**preset, written)) entry.risk = known;
      entry.origin.preset = target.text().substr(std::string_view("preset:").size());
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

// The preset that is known by that word; empty: none.
std::string called(std::string_view word, const Catalogue& catalogue) {
  for (const auto& [name, preset] : catalogue)
    if (std::ranges::find(preset.known_as, word) != preset.known_as.end()) return name;
  return {};
}

std::string meant_preset(std::string_view word, const Catalogue& catalogue) {
  if (std::string name = called(word, catalogue); !name.empty()) return name;
  std::vector<std::string> words;
  for (const auto& [name, preset] : catalogue) {
    words.push_back(name);
    std::ranges::copy(preset.known_as, std::back_inserter(words));
  }
  const std::string near = nearest(word, words);
  return catalogue.contains(near) ? near : called(near, catalogue);
}

}  // namespace

Result<Destination> with_options(const Destination& destination, const EntryOptions& options,
                                 const NameRules& rules) {
  const auto* wildcard = std::get_if<Wildcard>(&destination);
  if (wildcard != nullptr) {
    if (!options.is_wide && covers_strangers(*wildcard, rules))
      return fail(quoted(wildcard->text()) +
                  " covers names that strangers register; accepted: a host by its own name, or "
                  "wide: true (allow --wide) where all of them are meant");
    return without(*wildcard, options.except, rules).map([](Wildcard narrowed) {
      return Destination(std::move(narrowed));
    });
  }
  if (!options.except.empty())
    return fail(quoted(text(destination)) +
                " has no names below it; accepted: exceptions of a wildcard alone (*.name, .name)");
  const auto* prefix = std::get_if<Prefix>(&destination);
  const Result<void> checked = prefix != nullptr ? check_prefix(*prefix, options) : Result<void>{};
  return checked.map([&] { return destination; });
}

const std::optional<Risk>& risk_of(const Preset& preset, const PresetEntry& entry) {
  return entry.risk ? entry.risk : preset.risk;
}

Result<const Preset*> find_preset(std::string_view name, const Catalogue& catalogue) {
  const auto found = catalogue.find(name);
  if (found != catalogue.end()) return &found->second;
  const std::string meant = meant_preset(name, catalogue);
  return fail("unknown preset " + quoted(name) +
              (meant.empty() ? "; accepted: those of egressctl presets"
                             : "; did you mean " + quoted(meant) + "?"));
}

Result<void> check_is_no_preset(std::string_view written, const Catalogue& catalogue) {
  const std::string_view word = written.substr(0, written.find('@'));
  if (word.find_first_of(".:/[") != word.npos) return {};
  const bool is_name = catalogue.contains(word);
  const std::string name = is_name ? std::string(word) : called(word, catalogue);
  if (name.empty()) return {};
  const std::string parameters(written.substr(word.size()));
  return fail(quoted(written) + " is no host, but " + (is_name ? "a preset" : "a word for one") +
              "; did you mean \"preset:" + name + parameters + "\"? A host of that name: \"" +
              std::string(word) + ":443\"");
}

Result<std::string> substitute(std::string_view template_text, const Values& values) {
  std::string out;
  std::string_view rest = template_text;
  for (auto open = rest.find('{'); open != rest.npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    const auto value =
        close == rest.npos ? values.end() : values.find(rest.substr(open + 1, close - open - 1));
    if (value == values.end()) {
      return fail(quoted(template_text) + " holds a parameter that is not declared");
    }
    out.append(rest.substr(0, open)).append(value->second);
    rest.remove_prefix(close + 1);
  }
  return out.append(rest);
}

Result<std::vector<AllowEntry>> unfold(const Target& target, const EntryOptions& options,
                                       const Dictionary& dictionary) {
  return std::holds_alternative<Destination>(target.what)
             ? unfold_ports(target, options, dictionary.rules)
             : unfold_preset(target, options, dictionary);
}

}  // namespace egress::policy
