#include "egressctl/verify/report.hpp"

namespace egress::verify {

std::string_view text(Mark mark) {
  switch (mark) {
    case Mark::holds:
      return "ok";
    case Mark::leak:
      return "LEAK";
    case Mark::fails:
      return "FAILED";
    case Mark::not_proven:
      return "not proven";
    case Mark::warning:
      return "warning";
    case Mark::not_applicable:
    case Mark::no_right:
      return "n/a";
    case Mark::untried:
      return "untried";
    case Mark::skipped:
      return "skipped";
    case Mark::not_probed:
      return "not probed";
  }
  return "";
}

std::string_view text(Verdict verdict) {
  switch (verdict) {
    case Verdict::proven:
      return "PROVEN";
    case Verdict::leak:
      return "LEAK";
    case Verdict::failed:
      return "FAILED";
    case Verdict::not_proven:
      return "NOT PROVEN";
    case Verdict::not_enforced:
      return "NOT ENFORCED";
  }
  return "";
}

}  // namespace egress::verify
