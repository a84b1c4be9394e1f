#include "adapters/resolvconf/hosts_file.hpp"

#include <algorithm>

#include "adapters/state/files.hpp"
#include "egress/core/limits.hpp"

namespace egress::resolvconf {
namespace {

// Cuts the first word off the line.
std::string_view next_word(std::string_view& line) {
  constexpr std::string_view kSpace = " \t\r\f\v";
  line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
  const auto word = line.substr(0, line.find_first_of(kSpace));
  line.remove_prefix(word.size());
  return word;
}

void add_line(HostNames& names, std::string_view line, const IsWanted& is_wanted) {
  const std::string_view first = next_word(line);
  const auto address = IpAddress::parse(first.substr(0, first.find('%')));
  if (!address) return;
  for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
    const auto name = DnsName::parse(word);
    if (!name || !is_wanted(*name)) continue;
    std::vector<IpAddress>& addresses = names[*name];
    if (std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
  }
}

HostNames parse(std::string_view text, const IsWanted& is_wanted) {
  HostNames names;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    add_line(names, line.substr(0, line.find('#')), is_wanted);
  }
  return names;
}

bool any(const DnsName&) {
  return true;
}

}  // namespace

HostNames parse_hosts(std::string_view text) {
  return parse(text, any);
}

HostNames read_hosts(const std::string& path) {
  return read_hosts(any, path);
}

HostNames read_hosts(const std::set<DnsName>& wanted, const std::string& path) {
  return read_hosts([&](const DnsName& name) { return wanted.contains(name); }, path);
}

HostNames read_hosts(const IsWanted& is_wanted, const std::string& path) {
  const auto text = state::read_file(path, limits::kHostsBytes, state::Guard::none);
  return text && *text ? parse(**text, is_wanted) : HostNames();
}

}  // namespace egress::resolvconf
