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
  explicit EntryTable(Reader& reader) : reader_(reader) {}

  // From a file or a service. The same target with the same options: the first stays. One that is
  // written out beats one that a preset or a service brings along; of two that were brought along
  // the required one stays. Otherwise different options are a problem.
  void add(AllowEntry entry);
  // From the operator, after all files. A later addition replaces an earlier one; one that grants
  // no more than the file does is subsumed; one that grants more is a problem, since the file is
  // the place to say so.
  void add_addition(AllowEntry entry);

  std::vector<AllowEntry> take();  // sorted by target()

 private:
  bool has_room(const Place& place);

  std::map<std::string, AllowEntry> entries_;
  Reader& reader_;
  bool is_overfull_ = false;
};

}  // namespace egress::policy
