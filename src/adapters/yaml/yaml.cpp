#include "adapters/yaml/yaml.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "adapters/yaml/tree_builder.hpp"
#include "egress/core/text.hpp"

namespace egress::adapters {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

policy::Place place_of(std::string_view text, std::size_t offset, const std::string& file) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto column = offset - (before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1) + 1;
  return {file, static_cast<int>(line), static_cast<int>(column)};
}

// yaml-cpp takes 0x04 for the end of the text and puts U+FFFD for invalid UTF-8, so neither may
// reach it.
std::optional<policy::Problem> fault(std::string_view text, const std::string& file,
                                     std::size_t most) {
  if (text.size() > most) {
    return policy::Problem{{file, 0, 0},
                           "the file has " + std::to_string(text.size()) +
                               " octets; accepted: up to " + std::to_string(most)};
  }
  const auto bad = std::ranges::find_if(text, [](char c) {
    return has_control_character({&c, 1}) && c != '\n' && c != '\r' && c != '\t';
  });
  if (bad != text.end()) {
    const auto offset = static_cast<std::size_t>(bad - text.begin());
    return policy::Problem{
        place_of(text, offset, file),
        "the control character " + quoted(text.substr(offset, 1)) + "; accepted: printable text"};
  }
  if (!is_utf8(text))
    return policy::Problem{{file, 0, 0}, "the file is not UTF-8; accepted: UTF-8"};
  return std::nullopt;
}

// The quoted scalar at the front of `text` has its second quote. yaml-cpp lets one run to the end
// of the text.
bool is_closed(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool is_escape = quote == '"' && text[i] == '\\';
    const bool is_doubled = quote == '\'' && text.substr(i, 2) == "''";
    if (is_escape || is_doubled) {
      ++i;
    } else if (text[i] == quote) {
      return true;
    }
  }
  return false;
}

// Only the last quoted scalar can be open.
bool has_open_quote(std::string_view text, const YAML::Mark& last_quoted) {
  if (last_quoted.is_null()) return false;
  const std::string_view scalar = text.substr(static_cast<std::size_t>(last_quoted.pos));
  const bool is_block = !scalar.starts_with('"') && !scalar.starts_with('\'');
  return !is_block && !is_closed(scalar);
}

// yaml-cpp names a character that it does not take as it is, be it a control character or a part of
// one.
std::string shown(const std::string& message) {
  const std::string in_quotes = quoted(message);
  return in_quotes.substr(1, in_quotes.size() - 2);
}

}  // namespace

tl::expected<policy::Node, policy::Problem> parse_yaml(std::string_view text,
                                                       const std::string& file,
                                                       const YamlBounds& bounds) {
  if (auto problem = fault(text, file, bounds.bytes)) return tl::unexpected(std::move(*problem));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  TreeBuilder builder(file, bounds.nodes);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return tl::unexpected(refusal.problem);
  } catch (const YAML::Exception& error) {
    const policy::Place place{file, error.mark.line + 1, error.mark.column + 1};
    return tl::unexpected(policy::Problem{place, "not YAML: " + shown(error.msg)});
  }
  if (has_open_quote(text, builder.last_quoted())) {
    return tl::unexpected(
        policy::Problem{builder.place(builder.last_quoted()),
                        "a quote that is never closed; accepted: a second quote"});
  }
  return builder.take();
}

}  // namespace egress::adapters
