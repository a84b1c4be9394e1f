// Which kinds of probe a run is about: `--only` and `--skip`.
#pragma once

#include <string>
#include <vector>

#include "egress/core/result.hpp"
#include "egressctl/verify/catalogue.hpp"

namespace egress::verify {

class Selection {
 public:
  Selection() = default;  // everything

  // Each word is a kind's id, a group, or a pattern of ids with * and ?. A word that stands for
  // nothing is an error, which names the nearest.
  static Result<Selection> parse(const std::vector<std::string>& only,
                                 const std::vector<std::string>& skip);

  bool has(KindId kind) const;
  bool has(Group group) const;  // any kind of it
  // A refusal proves something only beside what shows that the network lives.
  bool needs_controls() const;
  bool is_whole() const { return only_.empty() && skip_.empty(); }
  // "only refused.*, true; not refused.ping"; empty where everything is chosen.
  std::string text() const;

 private:
  std::vector<std::string> only_;  // empty: all
  std::vector<std::string> skip_;
};

}  // namespace egress::verify
