// The report, for people and for programs.
#pragma once

#include "egressctl/command.hpp"
#include "egressctl/verify/document.hpp"

namespace egress::verify {

// A table (result, probe, expected, seen, time, evidence), then what is not as it should be in
// full, then the weaknesses of this host, then the verdict.
void print_text(const Document& document, const ctl::Context& context);

// {"verdict": "proven", "summary": "...", "chosen": "", "about": {...}, "probes": [{"result",
// "kind", "group", "probe", "expected", "seen", "latency_ms", "evidence", "means"}], "doctor":
// [...]}; the words of `verdict` and `result` in lower case, as text() has them.
void print_json(const Document& document, const ctl::Context& context);

// The catalogue.
void print_list(const ctl::Context& context);
// {"kinds": [{"kind", "group", "title", "means"}]}
void print_list_json(const ctl::Context& context);

}  // namespace egress::verify
