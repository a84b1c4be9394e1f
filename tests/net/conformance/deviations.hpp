// Where the guard's replies differ from unbound's on purpose, and nowhere else.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/conformance/exchange.hpp"

namespace egress::test::conformance {

// What it takes to see a deviation: a resolver in order, or one whose answers are not.
enum class Upstream : std::uint8_t { usual, odd };

struct Deviation {
  std::string_view what;  // as docs/dns-conformance.md names it
  std::string_view why;
  std::vector<Aspect> aspects;  // in what replies differ by it
  bool (*is_meant)(const Exchange&);
  Upstream upstream = Upstream::usual;
};

// The one table.
std::span<const Deviation> deviations();

// Adds up exchanges and what they showed.
class Summary {
 public:
  // What no deviation explains.
  std::vector<Aspect> add(const Exchange& exchange);
  // Deviations that were not met above such a resolver: the table lists too much.
  std::vector<std::string_view> unseen(Upstream upstream) const;
  void print(std::ostream& out) const;

 private:
  std::size_t count(std::string_view what) const;

  std::size_t questions_ = 0, equal_ = 0;
  std::map<std::string_view, std::size_t> deviating_;
};

}  // namespace egress::test::conformance
