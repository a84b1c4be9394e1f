#include "adapters/probe/observation.hpp"

#include <system_error>

namespace egress::probe {

std::string_view text(Outcome outcome) {
  switch (outcome) {
    case Outcome::reached:
      return "reached";
    case Outcome::wrong_answer:
      return "wrong answer";
    case Outcome::refused:
      return "refused";
    case Outcome::timeout:
      return "timeout";
    case Outcome::no_route:
      return "no route";
    case Outcome::impossible:
      return "could not probe";
  }
  return "";
}

Observation no_route() {
  Observation seen;
  seen.outcome = Outcome::no_route;
  return seen;
}

Observation impossible(int error) {
  Observation seen;
  seen.error = error;
  return seen;
}

std::string summary(const Observation& observation) {
  std::string line(text(observation.outcome));
  if (!observation.detail.empty()) return line + ": " + observation.detail;
  if (observation.error != 0) {
    line += " (" + std::system_category().message(observation.error) + ")";
  }
  return line;
}

}  // namespace egress::probe
