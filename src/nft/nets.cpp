#include "egress/nft/nets.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace egress::nft {
namespace {

using Box = Elements::value_type;  // a key and its end
using Active = std::vector<const Box*>;
// One range of ports that ends at one instant, within a slab of addresses.
using Cell = std::pair<PortRange, Instant>;

struct PortEdge {
  unsigned at = 0;  // the first port inside, or the first one past the box: up to 65536
  bool opens = false;
  Instant end;
  auto operator<=>(const PortEdge&) const = default;
};

std::vector<PortEdge> port_edges(const Active& active) {
  std::vector<PortEdge> edges;
  edges.reserve(2 * active.size());
  for (const Box* box : active) {
    edges.push_back({box->first.ports.first, true, box->second});
    edges.push_back({box->first.ports.last + 1U, false, box->second});
  }
  std::sort(edges.begin(), edges.end());
  return edges;
}

void append_merged(std::vector<Cell>& cells, const Cell& cell) {
  if (!cells.empty()) {
    auto& [ports, end] = cells.back();
    if (ports.last + 1 == cell.first.first && end == cell.second) {
      ports.last = cell.first.last;
      return;
    }
  }
  cells.push_back(cell);
}

// The union of the boxes along the port axis, at one address.
std::vector<Cell> port_cells(const Active& active) {
  std::vector<Cell> cells;
  std::multiset<Instant> ends;  // of the boxes that cover `from`
  unsigned from = 0;
  for (const PortEdge& edge : port_edges(active)) {
    if (!ends.empty() && edge.at > from) {
      const PortRange ports{static_cast<Port>(from), static_cast<Port>(edge.at - 1)};
      append_merged(cells, {ports, *ends.rbegin()});
    }
    from = edge.at;
    if (edge.opens) {
      ends.insert(edge.end);
    } else {
      ends.erase(ends.find(edge.end));
    }
  }
  return cells;
}

// Sweeps over the addresses of one family and transport, from boundary to boundary. Cells that
// continue from one slab to the next stay open, so that they come out as one element.
class Sweep {
 public:
  Sweep(Transport transport, Elements& elements) : transport_(transport), elements_(elements) {}

  void run(Active boxes) {
    std::sort(boxes.begin(), boxes.end(),
              [](const Box* a, const Box* b) { return a->first.first < b->first.first; });
    auto next = boxes.begin();
    for (const IpAddress& at : boundaries(boxes)) {
      std::erase_if(active_, [&](const Box* box) { return box->first.last < at; });
      while (next != boxes.end() && (*next)->first.first == at) active_.push_back(*next++);
      continue_cells(at);
    }
    for (const auto& [cell, start] : open_) emit(cell, start, highest(boxes));
  }

 private:
  static std::set<IpAddress> boundaries(const Active& boxes) {
    std::set<IpAddress> all;
    for (const Box* box : boxes) {
      all.insert(box->first.first);
      IpAddress past = box->first.last;
      if (box->first.last.next(past)) all.insert(past);
    }
    return all;
  }

  // Only cells that reach the top of the address space are still open at the end.
  static IpAddress highest(const Active& boxes) {
    return IpAddress::highest(boxes.front()->first.family());
  }

  void continue_cells(const IpAddress& at) {
    std::map<Cell, IpAddress> still_open;
    for (const Cell& cell : port_cells(active_)) {
      const auto before = open_.find(cell);
      still_open.emplace(cell, before == open_.end() ? at : before->second);
    }
    for (const auto& [cell, start] : open_) {
      if (still_open.contains(cell)) continue;
      IpAddress last = at;
      at.previous(last);
      emit(cell, start, last);
    }
    open_ = std::move(still_open);
  }

  void emit(const Cell& cell, const IpAddress& first, const IpAddress& last) {
    elements_.emplace(ElementKey{.set = SetId::nets,
                                 .first = first,
                                 .last = last,
                                 .transport = transport_,
                                 .ports = cell.first},
                      cell.second);
  }

  Transport transport_;
  Elements& elements_;
  Active active_;
  std::map<Cell, IpAddress> open_;  // with the address at which each began
};

}  // namespace

Elements disjoint(const Elements& boxes) {
  std::map<std::pair<Family, Transport>, Active> groups;
  for (const Box& box : boxes) {
    groups[{box.first.family(), box.first.transport}].push_back(&box);
  }
  Elements elements;
  for (auto& [group, active] : groups) Sweep(group.second, elements).run(std::move(active));
  return elements;
}

}  // namespace egress::nft
