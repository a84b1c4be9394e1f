// Reading values out of a document. What does not fit becomes a Problem with its place, and reading
// goes on, so that one pass finds every mistake.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "egress/policy/document.hpp"
#include "egress/policy/load.hpp"

namespace egress::policy {

// How a refusal reads: `"foo" is not a mode; accepted: enforce or audit`.
struct Form {
  std::string_view noun;
  std::string_view accepted;
};

// Whether it is this plain word, and no text in quotes.
bool is_word(const Node& node, std::string_view word);

class Reader {
 public:
  explicit Reader(Problems& problems) : problems_(problems) {}

  void refuse(const Place& place, std::string message);
  void refuse(const Node& node, const Form& form);
  void refuse_second(const Node& key, std::string_view word, const Place& first);

  // Any scalar without control characters.
  std::optional<std::string> text(const Node& node, const Form& form);
  // Plain true or false.
  bool flag(const Node& node);
  // The scalar, given to `parse`, a function from string_view to a Result.
  template <class Parse>
  auto parsed(const Node& node, const Form& form, Parse parse) {
    using Value = typename std::invoke_result_t<Parse, std::string_view>::value_type;
    std::optional<Value> value;
    const auto scalar = text(node, form);
    if (!scalar) return value;
    auto result = parse(std::string_view(*scalar));
    if (result) {
      value = std::move(*result);
    } else {
      refuse(node.place, std::move(result.error().message));
    }
    return value;
  }
  // The items; none after a problem. A key with nothing after it counts as an empty list only where
  // `null_is_empty`, so that a list whose items are all commented out still reads.
  enum class Null { refused, is_empty };
  const std::vector<Node>& list(const Node& node, const Form& form, Null null = Null::refused);

 private:
  Problems& problems_;
};

// The keys of one map. A key that nobody asked for with find() is unknown.
class Keys {
 public:
  // Not a map, a key that is no scalar or stands twice: a problem.
  Keys(const Node& node, const Form& form, Reader& reader);

  const Node* find(std::string_view key);  // nullptr when absent
  // The same; in a map an absence is a problem.
  const Node* require(std::string_view key, const Form& form);
  void refuse_unknown();
  bool is_map() const { return is_map_; }
  const Place& place() const { return place_; }

 private:
  struct Pair {
    const Node* key;
    const Node* value;
  };
  const Place place_;
  const bool is_map_;
  std::map<std::string_view, Pair> pairs_;
  std::vector<std::string> known_;
  Reader& reader_;
};

}  // namespace egress::policy
