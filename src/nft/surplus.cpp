#include "egress/nft/surplus.hpp"

#include <algorithm>
#include <span>

namespace egress::nft {
namespace {

using Group = std::span<const Count>;

// The quiet first, of these the latest: nobody's share is so small that they get none of it.
std::vector<Group> by_second(std::vector<Count>& all) {
  const auto second = [](const Count& one) { return std::chrono::floor<seconds>(one.left); };
  std::ranges::sort(all, [&](const Count& a, const Count& b) {
    if (second(a) != second(b)) return second(a) > second(b);
    return a.packets != b.packets ? a.packets > b.packets : a.left > b.left;
  });
  std::vector<Group> groups;
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find_if(begin, all.end(),
                                  [&](const Count& one) { return second(one) != second(*begin); });
    groups.emplace_back(begin, end);
    begin = end;
  }
  std::ranges::stable_sort(groups, {}, &Group::size);
  return groups;
}

}  // namespace

std::vector<Endpoint> surplus(std::vector<Count> all, std::size_t kept) {
  std::vector<Endpoint> forgotten;
  if (all.size() <= kept) return forgotten;
  const std::vector<Group> groups = by_second(all);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::size_t waiting = groups.size() - i;
    const std::size_t stay = std::min(groups[i].size(), (kept + waiting - 1) / waiting);
    kept -= stay;
    for (const Count& one : groups[i].subspan(stay)) forgotten.push_back(one.destination);
  }
  return forgotten;
}

}  // namespace egress::nft
