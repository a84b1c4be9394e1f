// The entries of a policy while it is read: unique by target, with the rules for targets that stand
// twice.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "egress/policy/policy.hpp"
#include "policy/reader.hpp"

namespace egress::policy {

class EntryTable {
 public:
  // Begins with `base`, which outlives the table; its entries count as read before.
  EntryTable(Reader& reader, const Entries& base) : reader_(reader), base_(base) {}

  // From a file or a service. The same target with the same options: the first stays. One that is
  // written out beats one that a preset or a service brings along; of two that were brought along
  // the required one stays. Otherwise different options are a problem.
  void add(AllowEntry entry);
  // From the operator, after all files. A later addition replaces an earlier one; one that grants
  // no more than the file does is subsumed; one that grants more is a problem, since the file is
  // the place to say so.
  void add_addition(AllowEntry entry);

  Entries take() const;

 private:
  const AllowEntry* find(const std::string& target) const;
  void put(AllowEntry entry);
  void put_new(AllowEntry entry);

  Reader& reader_;
  const Entries& base_;
  std::map<std::string, Entries::Pointer> changed_;  // new, or in place of one of the base
  std::size_t added_ = 0;                            // of these, the new ones
  bool is_overfull_ = false;
};

}  // namespace egress::policy
