#include <algorithm>
#include <chrono>

#include "egress/core/nearest.hpp"
#include "egress/core/text.hpp"
#include "policy/allow.hpp"

namespace egress::policy {
namespace {

constexpr Form kPreset{"a preset", "a map with name, title, source, date, entries"};
constexpr Form kWord{"a name", "lower-case letters, digits and hyphens"};
constexpr Form kLine{"one line of text", "text"};
constexpr Form kUrl{"a URL", "where it can be read: https://..."};
constexpr Form kDate{"a date", "2026-11 or 2026-11-05"};
constexpr Form kRisk{"a risk", "a map with kind (upload, shared-cdn or wide) and why (one line)"};
constexpr Form kRiskKind{"a kind of risk", "upload, shared-cdn or wide"};
constexpr Form kTemplate{"a target", "a target, in which {parameter} may stand"};

Result<std::string> parse_word(std::string_view text) {
  const bool is_word = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (is_word) return std::string(text);
  return fail(quoted(text) + " is not a name; accepted: " + std::string(kWord.accepted));
}

Result<std::string> parse_line(std::string_view text) {
  if (text.empty()) return fail("an empty text; accepted: one line of text");
  return check_reason(text);
}

// Month and day of a text that has the shape of a date.
bool is_in_calendar(std::string_view text) {
  const auto number = [text](std::size_t at, std::size_t length) {
    unsigned value = 0;
    for (const char digit : text.substr(at, length)) value = value * 10 + unsigned(digit - '0');
    return value;
  };
  using namespace std::chrono;
  const unsigned day_of_month = text.size() > 7 ? number(8, 2) : 1;
  return (year(static_cast<int>(number(0, 4))) / month(number(5, 2)) / day(day_of_month)).ok();
}

// "2026-11" or "2026-11-05".
Result<std::string> parse_date(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00";
  bool is_date = text.size() == kShape.size() || text.size() == std::string_view("0000-00").size();
  for (std::size_t i = 0; is_date && i < text.size(); ++i) {
    is_date = kShape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == '-';
  }
  if (is_date && is_in_calendar(text)) return std::string(text);
  return fail(quoted(text) + " is not a date; accepted: " + std::string(kDate.accepted));
}

Result<std::string> parse_url(std::string_view text) {
  const std::string_view scheme = "https://";
  const bool is_url = text.starts_with(scheme) && text.size() > scheme.size() &&
                      text.find_first_of(" \t\"<>") == text.npos;
  if (is_url) return check_reason(text);
  return fail(quoted(text) + " is not a URL; accepted: " + std::string(kUrl.accepted));
}

Result<Risk::Kind> parse_risk_kind(std::string_view word) {
  for (const Risk::Kind kind : {Risk::Kind::upload, Risk::Kind::shared_cdn, Risk::Kind::wide})
    if (word == text(kind)) return kind;
  return fail(quoted(word) + " is not " + std::string(kRiskKind.noun) +
              "; accepted: " + std::string(kRiskKind.accepted));
}

// Reads one preset; problems end up in the Reader.
class PresetReader {
 public:
  PresetReader(const NameRules& rules, Reader& reader) : rules_(rules), reader_(reader) {}

  Preset read(const Node& document) {
    Keys keys(document, kPreset, reader_);
    Preset preset;
    preset.place = document.place;
    preset.name = required(keys, "name", kWord, parse_word);
    preset.title = required(keys, "title", kLine, parse_line);
    preset.source = required(keys, "source", kUrl, parse_url);
    preset.date = required(keys, "date", kDate, parse_date);
    if (const Node* node = keys.find("date")) preset.date_place = node->place;
    if (const Node* node = keys.find("risk")) preset.risk = risk(*node);
    if (const Node* node = keys.find("parameters"))
      preset.parameters = all_of(*node, {"a list of parameters", "[region]"}, kWord, parse_word);
    if (const Node* node = keys.find("known_as"))
      preset.known_as = all_of(*node, {"a list of names", "[pip]"}, kWord, parse_word);
    if (const Node* node = keys.find("notes"))
      preset.notes = all_of(*node, {"a list of notes", "lines of text"}, kLine, parse_line);
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
    const Node* node = keys.require(key, form);
    return node == nullptr ? "" : reader_.parsed(*node, form, parse).value_or("");
  }

  std::optional<Risk> risk(const Node& node) {
    Keys keys(node, kRisk, reader_);
    const Node* kind = keys.find("kind");
    const Node* why = keys.find("why");
    keys.refuse_unknown();
    if (!keys.is_map()) return std::nullopt;
    if (kind == nullptr || why == nullptr) {
      reader_.refuse(node.place, "a risk without " + std::string(kind == nullptr ? "kind" : "why") +
                                     "; accepted: " + std::string(kRisk.accepted));
      return std::nullopt;
    }
    return Risk{reader_.parsed(*kind, kRiskKind, parse_risk_kind).value_or(Risk::Kind::upload),
                reader_.parsed(*why, kLine, parse_line).value_or("")};
  }

  template <class Parse>
  std::vector<std::string> all_of(const Node& node, const Form& list, const Form& form,
                                  Parse parse) {
    std::vector<std::string> texts;
    for (const auto& item : reader_.list(node, list)) {
      if (auto text = reader_.parsed(item, form, parse)) texts.push_back(std::move(*text));
    }
    return texts;
  }

  PresetEntry entry(const Node& item, const std::vector<std::string>& parameters) {
    PresetEntry entry;
    entry.place = item.place;
    if (item.kind != Node::Kind::map) {
      entry.target = target(item, parameters, {});
      return entry;
    }
    Keys keys(item, kTemplate, reader_);
    if (const Node* node = keys.find("optional")) entry.is_optional = reader_.flag(*node);
    if (const Node* node = keys.find("private")) entry.allows_private = reader_.flag(*node);
    if (const Node* node = keys.find("wide")) entry.is_wide = reader_.flag(*node);
    if (const Node* node = keys.find("except"))
      for (const Node& name : reader_.list(*node, kExceptions))
        if (auto text = reader_.text(name, kException)) entry.except.push_back(*std::move(text));
    EntryOptions options;
    options.is_wide = entry.is_wide;
    options.except = entry.except;
    if (const Node* node = keys.require("target", kTemplate))
      entry.target = target(*node, parameters, options);
    if (const Node* node = keys.find("risk")) entry.risk = risk(*node);
    keys.refuse_unknown();
    return entry;
  }

  // Checked with a label in place of each parameter, so that a preset that loads also unfolds.
  std::string target(const Node& node, const std::vector<std::string>& parameters,
                     EntryOptions options) {
    const auto written = reader_.text(node, kTemplate);
    if (!written) return {};
    std::map<std::string, std::string, std::less<>> values;
    for (const auto& name : parameters) values.emplace(name, "x");
    for (std::string& excepted : options.except)
      excepted = substitute(excepted, values).value_or(excepted);
    const auto parsed = substitute(*written, values).and_then([this](const std::string& text) {
      return parse_target(text, rules_);
    });
    if (!parsed) {
      reader_.refuse(node.place, parsed.error().message);
    } else if (std::holds_alternative<Target::PresetReference>(parsed->what)) {
      reader_.refuse(node.place, quoted(*written) +
                                     " is a preset within a preset; accepted: hosts, "
                                     "addresses and CIDRs");
    } else if (const auto checked =
                   with_options(std::get<Destination>(parsed->what), options, rules_);
               !checked) {
      reader_.refuse(node.place, checked.error().message);
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
