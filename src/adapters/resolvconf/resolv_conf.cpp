#include "adapters/resolvconf/resolv_conf.hpp"

#include <algorithm>
#include <string>

#include "adapters/state/files.hpp"
#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::resolvconf {
namespace {

constexpr std::string_view kBlank = " \t\r\f\v";

// Cuts the first word off the line.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const auto word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

void add_problem(SystemResolvers& found, std::string problem) {
  if (found.problem.empty()) found.problem = std::move(problem);
}

void add_nameserver(SystemResolvers& found, std::string_view word) {
  const auto zoned = ZonedAddress::parse(word);
  if (!zoned) return add_problem(found, "nameserver " + quoted(word) + " is not an address");
  const policy::ResolverAddress resolver{.address = zoned->address, .zone = zoned->zone};
  auto& resolvers = found.resolvers;
  if (std::find(resolvers.begin(), resolvers.end(), resolver) != resolvers.end()) return;
  if (resolvers.size() == limits::kResolvers)
    return add_problem(found, "more than " + std::to_string(limits::kResolvers) +
                                  " nameservers; the others are not used");
  resolvers.push_back(resolver);
}

// 0.0.0.0 and :: mean "this host" to the C library.
bool is_on_loopback(const policy::ResolverAddress& resolver) {
  const auto found = classify(resolver.address);
  return found == AddressClass::loopback || found == AddressClass::unusable;
}

bool all_on_loopback(const SystemResolvers& found) {
  return !found.resolvers.empty() &&
         std::all_of(found.resolvers.begin(), found.resolvers.end(), is_on_loopback);
}

SystemResolvers read(const std::string& path) {
  const auto text = state::read_file(path, limits::kResolvConfBytes, state::Guard::none);
  if (!text) return {{}, path, text.error().message};
  if (!*text) return {{}, path, path + " does not exist"};
  auto found = parse_resolv_conf(**text);
  found.source = path;
  if (found.resolvers.empty()) add_problem(found, path + " names no nameserver");
  return found;
}

}  // namespace

SystemResolvers parse_resolv_conf(std::string_view text) {
  SystemResolvers found;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (take_word(line) == "nameserver") add_nameserver(found, take_word(line));
  }
  return found;
}

SystemResolvers read_system_resolvers(const Paths& paths) {
  auto found = read(paths.resolv_conf);
  if (!all_on_loopback(found)) return found;
  auto upstreams = read(paths.upstreams);
  if (!upstreams.resolvers.empty() && !all_on_loopback(upstreams)) return upstreams;
  add_problem(found, paths.resolv_conf +
                         " names only a resolver on this host, whose own upstreams are not known: "
                         "list them under `resolvers` in the policy");
  return found;
}

}  // namespace egress::resolvconf
