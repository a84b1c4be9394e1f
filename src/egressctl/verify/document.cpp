#include "egressctl/verify/document.hpp"

#include <algorithm>

#include "egressctl/table.hpp"

namespace egress::verify {

bool is_failure(Mark mark) {
  return mark == Mark::leak || mark == Mark::fails || mark == Mark::not_proven;
}

bool is_untried(Mark mark) {
  switch (mark) {
    case Mark::not_applicable:
    case Mark::no_right:
    case Mark::untried:
    case Mark::skipped:
    case Mark::not_probed:
      return true;
    default:
      return false;
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
  });
  return result;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char letter : ctl::printable(text)) {
    switch (letter) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += letter;
    }
  }
  return result;
}

}  // namespace egress::verify
