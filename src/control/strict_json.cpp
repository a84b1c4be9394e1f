#include "control/strict_json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "egress/core/text.hpp"

namespace egress::control {
namespace {

using nlohmann::json;

// Watches the parser build the tree, and stops the tree from growing once something is wrong.
class Watch {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= kJsonDepth && problem_.empty()) {
      problem_ = "nested more than " + std::to_string(kJsonDepth) + " deep";
    }
    if (!problem_.empty()) return false;
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key) see(parsed.get_ref<const std::string&>());
    return problem_.empty();
  }
  const std::string& problem() const { return problem_; }

 private:
  void see(const std::string& key) {
    if (!keys_.back().insert(key).second)
      problem_ = "the member " + egress::quoted(key) + " stands twice";
  }

  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::string problem_;
};

}  // namespace

Result<json> parse_strict(std::string_view text) {
  Watch watch;
  json tree = json::parse(
      text.begin(), text.end(),
      [&watch](int depth, json::parse_event_t event, const json& parsed) {
        return watch(depth, event, parsed);
      },
      /*allow_exceptions=*/false);
  if (!watch.problem().empty()) return fail(watch.problem());
  if (tree.is_discarded()) return fail("not JSON: one object on one line is expected");
  return tree;
}

}  // namespace egress::control
