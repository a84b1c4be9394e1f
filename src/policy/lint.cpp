// Presets that can be read, and still would mislead: old or future dates, names that are no more,
// the same thing twice, risks that nobody thought of.
#include <algorithm>
#include <array>
#include <set>

#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"
#include "egress/policy/load.hpp"
#include "policy/unfold.hpp"

namespace egress::policy {
namespace {

// Names that were endpoints once, with all names below them.
struct DeadName {
  std::string_view name;
  std::string_view why;
};
constexpr std::array kDeadNames{
    DeadName{"statsig.anthropic.com", "it does not resolve any more"},
};

constexpr std::string_view kPlaceholder = "x";  // a label for every parameter

class Linter {
 public:
  Linter(const Catalogue& catalogue, const NameRules& rules, WallTime today)
      : catalogue_(catalogue), rules_(rules), today_(print_wall_time(today)) {}

  std::vector<Finding> run() {
    for (const auto& [name, preset] : catalogue_) check(preset);
    std::ranges::stable_sort(findings_, {}, [](const Finding& f) { return f.problem.place; });
    return std::move(findings_);
  }

 private:
  void refuse(const Place& place, std::string message) {
    findings_.push_back({{place, std::move(message)}, false});
  }

  void check(const Preset& preset) {
    check_file_name(preset);
    check_date(preset);
    check_parameters(preset);
    check_words(preset);
    std::set<std::string> targets;
    for (const PresetEntry& entry : preset.entries) check(preset, entry, targets);
    const auto [first, is_new] = presets_.emplace(std::move(targets), &preset);
    if (!is_new)
      refuse(preset.place, "the same targets as the preset " + quoted(first->second->name) +
                               "; accepted: one preset of them");
  }

  void check_file_name(const Preset& preset) {
    const std::string& file = preset.place.file;
    const std::string expected = preset.name + ".yaml";
    if (file.substr(file.rfind('/') + 1) != expected)
      refuse(preset.place,
             "the preset " + quoted(preset.name) + "; accepted: in the file " + quoted(expected));
  }

  // Dates of this form order as texts do.
  void check_date(const Preset& preset) {
    const auto today = [&](std::string text) { return text.substr(0, preset.date.size()); };
    if (preset.date > today(today_))
      return refuse(preset.date_place,
                    "the date " + quoted(preset.date) + " is in the future; accepted: up to today");
    std::string two_years_ago = today_;
    const std::string year = std::to_string(std::stoi(today_.substr(0, 4)) - 2);
    two_years_ago.replace(0, 4, year);
    if (preset.date < today(two_years_ago))
      findings_.push_back({{preset.date_place, "the date " + quoted(preset.date) +
                                                   " is more than two years ago; look at its "
                                                   "source again"},
                           true});
  }

  void check_parameters(const Preset& preset) {
    for (const std::string& parameter : preset.parameters) {
      const bool is_used = std::ranges::any_of(preset.entries, [&](const PresetEntry& entry) {
        return entry.target.find('{' + parameter + '}') != std::string::npos;
      });
      if (!is_used)
        refuse(preset.place, "no target holds the parameter " + quoted(parameter) +
                                 "; accepted: parameters that are used");
    }
  }

  // A word leads to one preset.
  void check_words(const Preset& preset) {
    for (const std::string& word : preset.known_as) {
      const auto [first, is_new] = words_.emplace(word, &preset);
      if (catalogue_.contains(word))
        refuse(preset.place, "known as " + quoted(word) +
                                 ", which is the name of a preset; "
                                 "accepted: other words");
      else if (!is_new)
        refuse(preset.place, "known as " + quoted(word) + ", as the preset " +
                                 quoted(first->second->name) + " is; accepted: one of them");
    }
  }

  void check(const Preset& preset, const PresetEntry& entry, std::set<std::string>& targets) {
    if (!risk_of(preset, entry) && !entry.allows_private)
      refuse(entry.place,
             quoted(entry.target) +
                 " without a risk; accepted: one of upload, shared-cdn, wide, and why");
    for (const AllowEntry& opened : unfolded(preset, entry)) {
      check_dead(entry, opened);
      if (!targets.insert(opened.target()).second)
        refuse(entry.place, quoted(opened.target()) + " twice in one preset; accepted: once");
    }
  }

  void check_dead(const PresetEntry& entry, const AllowEntry& opened) {
    const Wildcard* wildcard = opened.wildcard();
    const DnsName* name = wildcard != nullptr ? &wildcard->base : opened.name();
    if (name == nullptr) return;
    for (const DeadName& dead : kDeadNames) {
      const DnsName dead_name = DnsName::parse(dead.name).value();
      if (name->is_within(dead_name))
        refuse(entry.place, quoted(name->text()) + " is dead (" + std::string(dead.why) +
                                "); accepted: leave it out");
    }
  }

  // Cannot fail for a preset that was read: parse_preset() has tried it.
  std::vector<AllowEntry> unfolded(const Preset& preset, const PresetEntry& entry) const {
    std::map<std::string, std::string, std::less<>> values;
    for (const std::string& parameter : preset.parameters)
      values.emplace(parameter, std::string(kPlaceholder));
    const Dictionary dictionary{catalogue_, rules_};
    return substitute(entry.target, values)
        .and_then([&](const std::string& text) { return parse_target(text, rules_); })
        .and_then([&](const Target& target) { return unfold(target, {}, dictionary); })
        .value_or(std::vector<AllowEntry>{});
  }

  const Catalogue& catalogue_;
  const NameRules& rules_;
  const std::string today_;
  std::vector<Finding> findings_;
  std::map<std::set<std::string>, const Preset*> presets_;
  std::map<std::string, const Preset*> words_;
};

}  // namespace

std::vector<Finding> lint(const Catalogue& catalogue, const NameRules& rules, WallTime today) {
  return Linter(catalogue, rules, today).run();
}

}  // namespace egress::policy
