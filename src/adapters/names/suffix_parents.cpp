#include "adapters/names/suffix_parents.hpp"

#include <fstream>

#include "adapters/names/names.hpp"

namespace egress::adapters {

using policy::Suffix;

Suffix SuffixParents::below(const DnsName& name) {
  std::call_once(is_read_, [this] { read(); });
  const auto at = parents_.find(name.text());
  return at == parents_.end() ? Suffix::none : at->second;
}

// A rule stands at the beginning of its line and ends at the first space; "//" begins a comment,
// "!" an exception to a wider rule. (https://publicsuffix.org/list/)
void SuffixParents::read() {
  std::ifstream in(file_);
  Suffix part = Suffix::icann;
  for (std::string line; std::getline(in, line);) {
    if (line.find("===BEGIN PRIVATE DOMAINS===") != line.npos) part = Suffix::of_owner;
    if (line.find("===END PRIVATE DOMAINS===") != line.npos) part = Suffix::icann;
    const bool is_rule = !line.empty() && !line.starts_with("//") && !line.starts_with('!');
    if (is_rule) add(std::string_view(line).substr(0, line.find_first_of(" \t\r")), part);
  }
}

// Of "*.compute.amazonaws.com", too, the parents are what follows each dot.
void SuffixParents::add(std::string_view rule, Suffix part) {
  for (auto dot = rule.find('.'); dot != rule.npos; dot = rule.find('.', dot + 1)) {
    const auto parent = to_a_label(rule.substr(dot + 1));
    if (!parent) continue;
    const auto [at, is_new] = parents_.try_emplace(*parent, part);
    if (!is_new && part == Suffix::icann) at->second = part;
  }
}

}  // namespace egress::adapters
