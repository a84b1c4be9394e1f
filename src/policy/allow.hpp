// One item of `allow`, and the options that it shares with the operator's additions.
#pragma once

#include "policy/entry_table.hpp"
#include "policy/reader.hpp"
#include "policy/unfold.hpp"

namespace egress::policy {

// optional, private, metadata, until, reason.
EntryOptions read_options(Keys& keys, Reader& reader);

// Why the text cannot be a reason; the text itself when it can.
Result<std::string> check_reason(std::string_view text);

bool has_ended(const AllowEntry& entry, WallTime now);

// Unfolds one item into the table; entries whose `until` is not after `now` are left out.
struct AllowReader {
  const Dictionary& dictionary;
  WallTime now;
  Reader& reader;
  EntryTable& table;

  void read(const Node& item) const;
  void read_time_server(const Node& item) const;
  void read(const Addition& addition) const;
};

}  // namespace egress::policy
