#include "adapters/yaml/tree_builder.hpp"

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::adapters {
namespace {

// What yaml-cpp gives to nodes that carry no tag of their own.
constexpr std::string_view kPlain = "?";
constexpr std::string_view kNotPlain = "!";

}  // namespace

void TreeBuilder::refuse(const YAML::Mark& mark, std::string message) const {
  throw Refusal{{place(mark), std::move(message)}};
}

policy::Place TreeBuilder::place(const YAML::Mark& mark) const {
  return {file_, mark.line + 1, mark.column + 1};
}

void TreeBuilder::check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
  if (anchor != YAML::NullAnchor) refuse(mark, "an anchor; accepted: values written out");
  if (!tag.empty() && tag != kPlain && tag != kNotPlain) {
    refuse(mark, "the tag " + quoted(tag) + "; accepted: values without tags");
  }
  if (++nodes_ > most_nodes_) {
    refuse(mark,
           "more than " + std::to_string(most_nodes_) + " values in one file; accepted: fewer");
  }
}

void TreeBuilder::attach(policy::Node node) {
  if (levels_.empty()) {
    root_ = std::move(node);
    return;
  }
  auto& [parent, waiting_key] = levels_.back();
  if (parent.kind == policy::Node::Kind::list) {
    parent.list.push_back(std::move(node));
  } else if (waiting_key.empty()) {
    waiting_key.push_back(std::move(node));
  } else {
    parent.map.push_back({std::move(waiting_key.back()), std::move(node)});
    waiting_key.clear();
  }
}

void TreeBuilder::open(policy::Node node, const YAML::Mark& mark) {
  if (levels_.size() == limits::kPolicyDepth) {
    refuse(mark, "lists and maps nested deeper than " + std::to_string(limits::kPolicyDepth) +
                     "; accepted: flatter");
  }
  levels_.push_back({std::move(node), {}});
}

void TreeBuilder::close() {
  policy::Node node = std::move(levels_.back().node);
  levels_.pop_back();
  attach(std::move(node));
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (has_document_) refuse(mark, "a second document; accepted: one document in a file");
  has_document_ = true;
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  check(mark, "", anchor);
  // yaml-cpp's mark is that of the token after the empty value, perhaps lines below its key.
  const bool has_key = !levels_.empty() && !levels_.back().waiting_key.empty();
  const policy::Place where = has_key ? levels_.back().waiting_key.back().place : place(mark);
  attach({policy::Node::Kind::null, where, {}, false, {}, {}});
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  refuse(mark, "an alias; accepted: values written out");
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  check(mark, tag, anchor);
  const bool is_quoted = tag == kNotPlain;
  if (is_quoted) last_quoted_ = mark;
  attach({policy::Node::Kind::scalar, place(mark), value, is_quoted, {}, {}});
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor, YAML::EmitterStyle::value) {
  check(mark, tag, anchor);
  open({policy::Node::Kind::list, place(mark), {}, false, {}, {}}, mark);
}

void TreeBuilder::OnSequenceEnd() {
  close();
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
  check(mark, tag, anchor);
  open({policy::Node::Kind::map, place(mark), {}, false, {}, {}}, mark);
}

void TreeBuilder::OnMapEnd() {
  close();
}

}  // namespace egress::adapters
