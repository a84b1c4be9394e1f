#include "policy/additions.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/core/time_text.hpp"
#include "policy/allow.hpp"
#include "policy/target_parts.hpp"
#include "policy/yaml_text.hpp"

namespace egress::policy {
namespace {

constexpr Form kFile{"a file of additions", "a map with version: 1 and additions"};
constexpr Form kAddition{"an addition", "a map with target, added_by, added_at"};
constexpr Form kTarget{"a target", kAcceptedTarget};
constexpr Form kTime{"a time", "UTC as 2026-12-01T00:00:00Z"};

constexpr std::string_view kHeading =
    "# What `egressctl allow` added. egressd writes this file; `egressctl deny` takes an entry "
    "out.\n";

std::string print(const Addition& addition) {
  const EntryOptions& options = addition.options;
  std::string out = "  - target: " + yaml_quoted(addition.target) + '\n';
  const auto line = [&out](std::string_view key, std::string_view value) {
    out.append("    ").append(key).append(": ").append(value) += '\n';
  };
  line("added_by", yaml_quoted(addition.added_by));
  line("added_at", print_wall_time(addition.added_at));
  if (options.is_optional) line("optional", "true");
  if (options.allows_private) line("private", "true");
  if (options.allows_metadata) line("metadata", "true");
  if (options.is_wide) line("wide", "true");
  if (options.has_services) line("srv", "true");
  if (!options.except.empty()) line("except", yaml_list(options.except));
  if (options.until) line("until", print_wall_time(*options.until));
  if (!options.reason.empty()) line("reason", yaml_quoted(options.reason));
  if (!addition.opens.empty()) line("opens", print_opens(addition.opens));
  return out;
}

template <class Parse>
auto required(Keys& keys, std::string_view key, const Form& form, Reader& reader, Parse parse) {
  const Node* node = keys.require(key, form);
  if (node != nullptr) return reader.parsed(*node, form, parse);
  return decltype(reader.parsed(*node, form, parse)){};
}

void check_version(Keys& keys, Reader& reader) {
  const Node* version = keys.find("version");
  if (version == nullptr || version->is_quoted || version->scalar != "1") {
    reader.refuse(version != nullptr ? version->place : keys.place(),
                  "no version that this egressd reads; accepted: version: 1");
  }
}

}  // namespace

Addition read_addition(const Node& item, Reader& reader) {
  Addition addition;
  Keys keys(item, kAddition, reader);
  if (!keys.is_map()) return addition;
  const auto any = [](std::string_view text) { return Result<std::string>(std::string(text)); };
  addition.target = required(keys, "target", kTarget, reader, any).value_or("");
  addition.added_by =
      required(keys, "added_by", {"a user", "one line of text"}, reader, check_reason).value_or("");
  addition.added_at =
      required(keys, "added_at", kTime, reader, parse_wall_time).value_or(WallTime{});
  addition.options = read_options(keys, reader);
  if (const Node* opens = keys.find("opens")) addition.opens = read_opens(*opens, reader);
  keys.refuse_unknown();
  return addition;
}

std::string print_list(const std::vector<Addition>& additions) {
  std::string out = additions.empty() ? "additions: []\n" : "additions:\n";
  for (const auto& addition : additions) out += print(addition);
  return out;
}

std::string print_additions(const std::vector<Addition>& additions) {
  return std::string(kHeading) + "version: 1\n" + print_list(additions);
}

tl::expected<std::vector<Addition>, Problems> parse_additions(const Node& document) {
  Problems problems;
  Reader reader(problems);
  std::vector<Addition> additions;
  Keys keys(document, kFile, reader);
  if (keys.is_map()) check_version(keys, reader);
  if (const Node* node = keys.find("additions")) {
    for (const auto& item :
         reader.list(*node, {"a list of additions", "[]"}, Reader::Null::is_empty)) {
      additions.push_back(read_addition(item, reader));
    }
    if (additions.size() > limits::kEntries) {
      reader.refuse(node->place, std::to_string(additions.size()) + " additions; accepted: up to " +
                                     std::to_string(limits::kEntries));
    }
  }
  keys.refuse_unknown();
  if (problems.empty()) return additions;
  std::ranges::stable_sort(problems, {}, &Problem::place);
  return tl::unexpected(std::move(problems));
}

}  // namespace egress::policy
