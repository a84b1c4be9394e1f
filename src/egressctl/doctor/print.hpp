// Findings for people, in 80 columns, and for programs.
#pragma once

#include <nlohmann/json.hpp>

#include "egressctl/command.hpp"
#include "egressctl/doctor/finding.hpp"

namespace egress::doctor {

// A finding that is ok takes its first line; the others also what it means and what to do.
void print_text(const Findings& findings, const ctl::Context& context);
// [{"severity": "weak", "subject": ..., "found": ..., "means": ..., "remedy": ...}]
nlohmann::ordered_json to_json(const Findings& findings);
// "2 weaknesses, 3 notes"
std::string summary(const Findings& findings);

}  // namespace egress::doctor
