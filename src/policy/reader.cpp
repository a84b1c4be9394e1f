#include "policy/reader.hpp"

#include <algorithm>

#include "egress/core/nearest.hpp"
#include "egress/core/text.hpp"

namespace egress::policy {
namespace {

std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "an empty value";
    case Node::Kind::scalar:
      return (node.is_quoted ? "the string " : "") + quoted(node.scalar);
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "a value";
}

constexpr Form kFlag{"a flag", "true or false"};

}  // namespace

bool is_word(const Node& node, std::string_view word) {
  return node.kind == Node::Kind::scalar && !node.is_quoted && node.scalar == word;
}

void Reader::refuse(const Place& place, std::string message) {
  problems_.push_back({place, std::move(message)});
}

void Reader::refuse(const Node& node, const Form& form) {
  refuse(node.place, shown(node) + " is not " + std::string(form.noun) +
                         "; accepted: " + std::string(form.accepted));
}

std::optional<std::string> Reader::text(const Node& node, const Form& form) {
  if (node.kind != Node::Kind::scalar) {
    refuse(node, form);
    return std::nullopt;
  }
  if (has_control_character(node.scalar)) {
    refuse(node.place, quoted(node.scalar) +
                           " holds a control character; accepted: " + std::string(form.accepted));
    return std::nullopt;
  }
  return node.scalar;
}

bool Reader::flag(const Node& node) {
  if (is_word(node, "true")) return true;
  if (!is_word(node, "false")) refuse(node, kFlag);
  return false;
}

void Reader::refuse_second(const Node& key, std::string_view word, const Place& first) {
  refuse(key.place,
         "the key " + quoted(word) + " stands at " + first.text() + " already; accepted: once");
}

const std::vector<Node>& Reader::list(const Node& node, const Form& form, Null null) {
  const bool is_absent = node.kind == Node::Kind::null && null == Null::is_empty;
  if (node.kind != Node::Kind::list && !is_absent) refuse(node, form);
  return node.list;
}

Keys::Keys(const Node& node, const Form& form, Reader& reader)
    : place_(node.place), is_map_(node.kind == Node::Kind::map), reader_(reader) {
  if (!is_map_) reader.refuse(node, form);
  for (const auto& [key, value] : node.map) {
    if (key.kind != Node::Kind::scalar) {
      reader.refuse(key, {"a key", "a word"});
      continue;
    }
    const auto [first, is_new] = pairs_.try_emplace(key.scalar, Pair{&key, &value});
    if (is_new) continue;
    reader.refuse_second(key, key.scalar, first->second.key->place);
  }
}

const Node* Keys::find(std::string_view key) {
  known_.emplace_back(key);
  const auto found = pairs_.find(key);
  return found == pairs_.end() ? nullptr : found->second.value;
}

const Node* Keys::require(std::string_view key, const Form& form) {
  const Node* node = find(key);
  if (node == nullptr && is_map_)
    reader_.refuse(
        place_, "the key " + quoted(key) + " is missing; accepted: " + std::string(form.accepted));
  return node;
}

void Keys::refuse_unknown() {
  for (const auto& [word, pair] : pairs_) {
    if (std::ranges::find(known_, word) != known_.end()) continue;
    reader_.refuse(pair.key->place, "unknown key " + quoted(word) + suggestion(word, known_));
  }
}

}  // namespace egress::policy
