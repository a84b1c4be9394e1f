#include "egressctl/verify/selection.hpp"

#include <fnmatch.h>

#include "egress/core/nearest.hpp"
#include "egress/core/text.hpp"

namespace egress::verify {

namespace {

bool matches(const std::string& word, KindId kind) {
  return word == text(kind.group()) ||
         ::fnmatch(word.c_str(), std::string(kind.id()).c_str(), 0) == 0;
}

bool any_matches(const std::vector<std::string>& words, KindId kind) {
  return std::ranges::any_of(words, [&](const auto& word) { return matches(word, kind); });
}

// Empty: the word stands for something.
std::string complaint(const std::string& word) {
  std::vector<std::string> known;
  for (const Group group : {Group::works, Group::refused, Group::source, Group::truth})
    known.emplace_back(text(group));
  for (const Kind& kind : kCatalogue) {
    if (matches(word, KindId(kind))) return {};
    known.emplace_back(kind.id);
  }
  const std::string meant = nearest(word, known);
  return "no probe is called " + egress::quoted(word) +
         (meant.empty() ? "" : "; did you mean " + egress::quoted(meant) + "?") +
         " (all of them: egressctl verify --list)";
}

}  // namespace

Result<Selection> Selection::parse(const std::vector<std::string>& only,
                                   const std::vector<std::string>& skip) {
  Selection selection;
  selection.only_ = only;
  selection.skip_ = skip;
  for (const auto* words : {&only, &skip}) {
    for (const std::string& word : *words) {
      if (auto wrong = complaint(word); !wrong.empty()) return fail(std::move(wrong));
    }
  }
  const bool is_empty = std::ranges::none_of(
      kCatalogue, [&](const Kind& kind) { return selection.has(KindId(kind)); });
  if (is_empty) return fail("--only and --skip leave no probe");
  return selection;
}

bool Selection::has(KindId kind) const {
  return (only_.empty() || any_matches(only_, kind)) && !any_matches(skip_, kind);
}

bool Selection::has(Group group) const {
  return std::ranges::any_of(kCatalogue, [&](const Kind& kind) {
    return KindId(kind).group() == group && has(KindId(kind));
  });
}

bool Selection::needs_controls() const {
  return has(Group::refused) || has(Group::source) || has("works.control-dns") ||
         has("works.control-connect");
}

std::string Selection::text() const {
  std::string text;
  if (!only_.empty()) text = "only " + joined(only_);
  if (!skip_.empty()) text += (text.empty() ? "not " : "; not ") + joined(skip_);
  return text;
}

}  // namespace egress::verify
