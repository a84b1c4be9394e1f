#include "egress/core/dns_name.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Not <cctype>: those follow the locale.
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

// Why the label is not one; empty when it is.
std::string fault(std::string_view label) {
  if (label.empty()) return "an empty label";
  if (label.size() > limits::kLabelOctets) {
    return "a label longer than " + std::to_string(limits::kLabelOctets) + " octets";
  }
  const auto bad = std::ranges::find_if_not(label, is_name_character);
  if (bad != label.end()) {
    return "the character " + quoted({bad, bad + 1}) +
           "; accepted: letters, digits, hyphens and underscores";
  }
  if (label.front() == '-' || label.back() == '-') {
    return "a label that begins or ends with a hyphen";
  }
  return {};
}

}  // namespace

Result<DnsName> DnsName::parse(std::string_view text) {
  const auto not_a_name = [text](std::string_view why) {
    return fail(quoted(text) + " is not a host name: it " + std::string(why));
  };
  std::string_view rest = text;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  if (rest.empty()) return not_a_name("is empty");
  if (rest.size() > limits::kNameOctets) {
    return not_a_name("is longer than " + std::to_string(limits::kNameOctets) + " octets");
  }

  DnsName name;
  std::ranges::transform(rest, std::back_inserter(name.text_), lower);
  std::string_view label;
  for (std::size_t start = 0; start <= name.text_.size(); start += label.size() + 1) {
    label = std::string_view(name.text_).substr(start);
    label = label.substr(0, label.find('.'));
    if (const std::string why = fault(label); !why.empty()) return not_a_name("has " + why);
  }
  if (std::ranges::all_of(label, is_digit)) {
    return not_a_name("ends in a number and so reads as an address");
  }
  return name;
}

std::optional<DnsName> DnsName::parent() const {
  const auto dot = text_.find('.');
  if (dot == std::string::npos) return std::nullopt;
  DnsName parent;
  parent.text_ = text_.substr(dot + 1);
  return parent;
}

bool DnsName::is_below(const DnsName& ancestor) const {
  const auto& top = ancestor.text_;
  return text_.size() > top.size() && text_.ends_with(top) &&
         text_[text_.size() - top.size() - 1] == '.';
}

}  // namespace egress
