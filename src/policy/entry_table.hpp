// The entries of a policy while it is read: unique by target, with the rules for targets that stand
// twice.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "egress/core/limits.hpp"
#include "egress/policy/policy.hpp"
#include "policy/reader.hpp"

namespace egress::policy {

class EntryTable {
 public:
  // Begins with `base`, which outlives the table; its entries count as read before.
  EntryTable(Reader& reader, const Entries& base, std::size_t most = limits::kEntries)
      : reader_(reader), base_(base), most_(most) {}

  // From a file or a service. The same target with the same options: the first stays. One that is
  // written out beats one that a preset or a service brings along; of two that were brought along
  // the required one stays. Otherwise different options are a problem.
  void add(const Entries::Pointer& entry);
  // Whether add() of the entry would be no problem, room aside.
  bool takes(const AllowEntry& entry) const;
  // From the operator, after all files: all entries of one addition, or none and why. A later
  // addition replaces an earlier one; one that grants no more than the file does is subsumed; one
  // that grants more is refused, since the file is the place to say so. `is_bounded`: so is one
  // past the most entries.
  Result<void> add_addition(const std::vector<AllowEntry>& entries, bool is_bounded);

  Entries take() const;

 private:
  const AllowEntry* find(const std::string& target) const;
  void put(Entries::Pointer entry);
  void put_new(const Entries::Pointer& entry);

  Reader& reader_;
  const Entries& base_;
  const std::size_t most_;
  std::map<std::string, Entries::Pointer> changed_;  // new, or in place of one of the base
  std::size_t added_ = 0;                            // of these, the new ones
  bool is_overfull_ = false;
};

}  // namespace egress::policy
