// One item of `allow`, and the options that it shares with the operator's additions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "egress/policy/holders.hpp"
#include "policy/entry_table.hpp"
#include "policy/reader.hpp"
#include "policy/unfold.hpp"

namespace egress::policy {

inline constexpr Form kExceptions{"a list of exceptions", "host names below the wildcard"};
inline constexpr Form kException{"an exception", "a host name below the wildcard"};
// optional, private, metadata, wide, srv, except, until, reason.
EntryOptions read_options(Keys& keys, Reader& reader);

// Why the text cannot be a reason; the text itself when it can.
Result<std::string> check_reason(std::string_view text);

bool has_ended(const AllowEntry& entry, WallTime now);
// Names below a wildcard, and those that services lead to, are learnt from what programs ask, and
// only the guard hears them ask. Empty: the entry does without.
std::optional<std::string> needs_guard(const AllowEntry& entry);

// Reads one item into the table; entries whose `until` is not after `now` are left out.
class AllowReader {
 public:
  // `notes` may be null.
  AllowReader(const Sources& sources, const Dictionary& dictionary, Reader& reader,
              EntryTable& table, Notes* notes);

  void read(const Node& item) const;
  void read_time_server(const Node& item) const;
  // What cannot be allowed is a doubt, and left out.
  void read_system_time(const TimeServer& server, Problems& doubts) const;
  // What an addition says; `has_guard`: names below wildcards can be learnt.
  void read(const Addition& addition, bool has_guard) const;

 private:
  using Unfolded = tl::expected<std::vector<AllowEntry>, Problems>;
  void take(const Node& item, std::string written, Unfolded unfolded) const;
  Result<void> add(std::vector<AllowEntry> entries, const Addition& addition, bool has_guard,
                   bool is_bounded) const;
  Unfolded unfold_item(const Node& item) const;
  Unfolded unfold_time_server(const Node& item) const;
  Result<std::vector<AllowEntry>> unfold_service(const Destination& destination,
                                                 Transport transport, Port port) const;

  const Dictionary& dictionary_;
  WallTime now_;
  Reader& reader_;
  EntryTable& table_;
  Notes* notes_;
  std::map<std::string_view, const AcceptedItem*> accepted_;
  KnownRisks risks_;
};

}  // namespace egress::policy
