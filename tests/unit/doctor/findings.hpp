// What a judge said, in brief.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "egressctl/doctor/finding.hpp"

namespace egress::doctor {

inline Severity worst(const Findings& findings) {
  Severity worst = Severity::ok;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

// "weak forwarding: IPv6 on, ..."; a line for each.
inline std::string brief(const Findings& findings) {
  std::string lines;
  for (const Finding& finding : findings)
    lines +=
        std::string(text(finding.severity)) + " " + finding.subject + ": " + finding.found + "\n";
  return lines;
}

// Each that is not ok says what it means and what to do.
inline bool is_complete(const Findings& findings) {
  return std::ranges::all_of(findings, [](const Finding& finding) {
    const bool is_ok = finding.severity == Severity::ok;
    return !finding.subject.empty() && !finding.found.empty() && finding.means.empty() == is_ok &&
           finding.remedy.empty() == is_ok;
  });
}

}  // namespace egress::doctor
