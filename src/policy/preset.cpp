#include <algorithm>

#include "egress/core/nearest.hpp"
#include "egress/core/text.hpp"
#include "policy/allow.hpp"

namespace egress::policy {
namespace {

constexpr Form kPreset{"a preset", "a map with name, title, source, date, entries"};
constexpr Form kWord{"a name", "lower-case letters, digits and hyphens"};
constexpr Form kLine{"one line of text", "text"};
constexpr Form kTemplate{"a target", "a target, in which {parameter} may stand"};

Result<std::string> parse_word(std::string_view text) {
  const bool is_word = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (is_word) return std::string(text);
  return fail(quoted(text) + " is not a name; accepted: " + std::string(kWord.accepted));
}

// "2026-11" or "2026-11-05".
Result<std::string> parse_date(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00";
  bool is_date = text.size() == kShape.size() || text.size() == std::string_view("0000-00").size();
  for (std::size_t i = 0; is_date && i < text.size(); ++i) {
    is_date = kShape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == '-';
  }
  if (is_date) return std::string(text);
  return fail(quoted(text) + " is not a date; accepted: 2026-11 or 2026-11-05");
}

// Reads one preset; problems end up in the Reader.
class PresetReader {
 public:
  PresetReader(const NameRules& rules, Reader& reader) : rules_(rules), reader_(reader) {}

  Preset read(const Node& document) {
    Keys keys(document, kPreset, reader_);
    Preset preset;
    preset.name = required(keys, "name", kWord, parse_word);
    preset.title = required(keys, "title", kLine, check_reason);
    preset.source = required(keys, "source", kLine, check_reason);
    preset.date = required(keys, "date", {"a date", "2026-11 or 2026-11-05"}, parse_date);
    if (const Node* node = keys.find("risk")) preset.risk = line(*node);
    if (const Node* node = keys.find("parameters")) preset.parameters = parameters(*node);
    if (const Node* node = keys.find("entries")) {
      for (const auto& item : reader_.list(*node, {"a list of entries", "targets"})) {
        preset.entries.push_back(entry(item, preset.parameters));
      }
    }
    if (keys.is_map() && preset.entries.empty()) {
      reader_.refuse(keys.place(), "a preset without entries; accepted: at least one");
    }
    keys.refuse_unknown();
    return preset;
  }

 private:
  template <class Parse>
  std::string required(Keys& keys, std::string_view key, const Form& form, Parse parse) {
    const Node* node = keys.find(key);
    if (node != nullptr) return reader_.parsed(*node, form, parse).value_or("");
    if (keys.is_map()) {
      reader_.refuse(keys.place(), "the key " + quoted(key) +
                                       " is missing; accepted: " + std::string(form.accepted));
    }
    return {};
  }

  std::string line(const Node& node) {
    return reader_.parsed(node, kLine, check_reason).value_or("");
  }

  std::vector<std::string> parameters(const Node& node) {
    std::vector<std::string> names;
    for (const auto& item : reader_.list(node, {"a list of parameters", "[region]"})) {
      if (auto name = reader_.parsed(item, kWord, parse_word)) names.push_back(std::move(*name));
    }
    return names;
  }

  PresetEntry entry(const Node& item, const std::vector<std::string>& parameters) {
    PresetEntry entry;
    entry.place = item.place;
    if (item.kind != Node::Kind::map) {
      entry.target = target(item, parameters);
      return entry;
    }
    Keys keys(item, kTemplate, reader_);
    if (const Node* node = keys.find("target")) {
      entry.target = target(*node, parameters);
    } else {
      reader_.refuse(item.place,
                     "the key \"target\" is missing; accepted: " + std::string(kTemplate.accepted));
    }
    const Node* optional = keys.find("optional");
    entry.is_optional = optional != nullptr && reader_.flag(*optional);
    if (const Node* node = keys.find("risk")) entry.risk = line(*node);
    keys.refuse_unknown();
    return entry;
  }

  // Checked with a label in place of each parameter, so that a preset that loads also unfolds.
  std::string target(const Node& node, const std::vector<std::string>& parameters) {
    const auto written = reader_.text(node, kTemplate);
    if (!written) return {};
    std::map<std::string, std::string, std::less<>> values;
    for (const auto& name : parameters) values.emplace(name, "x");
    const auto parsed = substitute(*written, values).and_then([this](const std::string& text) {
      return parse_target(text, rules_);
    });
    if (!parsed) {
      reader_.refuse(node.place, parsed.error().message);
    } else if (std::holds_alternative<Target::PresetReference>(parsed->what)) {
      reader_.refuse(node.place, quoted(*written) +
                                     " is a preset within a preset; accepted: hosts, "
                                     "addresses and CIDRs");
    }
    return *written;
  }

  const NameRules& rules_;
  Reader& reader_;
};

}  // namespace

tl::expected<Preset, Problems> parse_preset(const Node& document, const NameRules& rules) {
  Problems problems;
  Reader reader(problems);
  Preset preset = PresetReader(rules, reader).read(document);
  if (problems.empty()) return preset;
  std::ranges::stable_sort(problems, {}, &Problem::place);
  return tl::unexpected(std::move(problems));
}

}  // namespace egress::policy
