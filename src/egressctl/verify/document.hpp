// A report with what it is about, in the forms that are filed.
#pragma once

#include <string>

#include "egressctl/doctor/finding.hpp"
#include "egressctl/verify/report.hpp"

namespace egress::verify {

// Where and when, of what. Texts from this host; empty where unknown.
struct About {
  std::string host;
  std::string time;        // RFC 3339, in UTC
  std::string place;       // "as coder in container agent"; empty: here, as whoever ran it
  std::string egressctl;   // version
  std::string egressd;     // version
  std::string kernel;      // "Linux 6.1.0-40-amd64"
  std::string protection;  // of the table: "owned" or "watched"
  std::string policy;      // digest_of()
  std::string outside;     // the file of outside hosts, or "built in"
};

struct Document {
  const Report& report;
  const doctor::Findings& weaknesses;
  About about;
};

// Whether the mark makes the whole fail.
bool is_failure(Mark mark);
// Whether nothing was tried.
bool is_untried(Mark mark);
// The words of text() in lower case.
std::string lower(std::string_view text);

// Safe within elements and attributes of XML and HTML: not printable as \xNN, then &, <, > and
// quotes as entities.
std::string escaped(std::string_view text);

// JUnit XML: one test case for each row, with its kind as the class, and one for the verdict.
std::string print_junit(const Document& document);

// One page that stands by itself: nothing in it is loaded, run or linked.
std::string print_html(const Document& document);

}  // namespace egress::verify
