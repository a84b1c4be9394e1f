// What `doctor` found: one thing that was looked at, and what to do about it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace egress::doctor {

enum class Severity {
  ok,
  note,  // worth knowing: it does not weaken isolation by itself, or could not be looked at
  weak,  // weakens the isolation of this host
};
std::string_view text(Severity severity);

struct Finding {
  Severity severity = Severity::ok;
  std::string subject;  // a word or two: "forwarding"
  std::string found;    // with evidence; may hold text from outside
  std::string means;    // ok: empty
  std::string remedy;   // ok: empty
  std::string command{};  // of the remedy, to be pasted; empty where words tell it
  bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

inline bool has_weakness(const Findings& findings) {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.severity == Severity::weak; });
}

}  // namespace egress::doctor
