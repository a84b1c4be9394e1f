#include "policy/allow.hpp"

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/subject.hpp"
#include "policy/target_parts.hpp"
#include "egress/core/time_text.hpp"

namespace egress::policy {
namespace {

constexpr Form kItem{"an entry", "a target, or a map with one of target, host, cidr, preset"};

}  // namespace

bool has_ended(const AllowEntry& entry, WallTime now) {
  return entry.until && *entry.until <= now;
}

Result<std::string> check_reason(std::string_view text) {
  if (text.size() > limits::kReasonBytes) {
    return fail("a reason of " + std::to_string(text.size()) + " octets; accepted: up to " +
                std::to_string(limits::kReasonBytes));
  }
  if (has_control_character(text) || !is_utf8(text)) {
    return fail(quoted(text) + " is not printable UTF-8; accepted: one line of text");
  }
  return std::string(text);
}

EntryOptions read_options(Keys& keys, Reader& reader) {
  EntryOptions options;
  const auto flag = [&](std::string_view key) {
    const Node* node = keys.find(key);
    return node != nullptr && reader.flag(*node);
  };
  options.is_optional = flag("optional");
  options.allows_private = flag("private");
  options.allows_metadata = flag("metadata");
  if (const Node* node = keys.find("until")) {
    options.until =
        reader.parsed(*node, {"a time", "UTC as 2026-12-01T00:00:00Z"}, parse_wall_time);
  }
  if (const Node* node = keys.find("reason")) {
    options.reason =
        reader.parsed(*node, {"a reason", "one line of text"}, check_reason).value_or("");
  }
  return options;
}

void AllowReader::read(const Node& item) const {
  std::optional<Target> target;
  EntryOptions options;
  if (item.kind == Node::Kind::map) {
    Keys keys(item, kItem, reader);
    const Subject subject(keys);
    target = read_subject(subject, keys, dictionary, reader);
    options = read_options(keys, reader);
    // The parameters of a preset that is not known cannot be told from unknown keys.
    if (target || subject.preset == nullptr) keys.refuse_unknown();
  } else {
    target = reader.parsed(item, kItem, [this](std::string_view text) {
      return parse_target(text, dictionary.rules);
    });
  }
  if (!target) return;
  auto entries = unfold(*target, options, dictionary);
  if (!entries) return reader.refuse(item.place, std::move(entries.error().message));
  for (auto& entry : *entries) {
    entry.origin.place = item.place;
    if (!has_ended(entry, now)) table.add(std::move(entry));
  }
}

void AllowReader::read_time_server(const Node& item) const {
  const auto destination = reader.parsed(
      item, {"a time server", "a host name or an address"},
      [this](std::string_view text) { return parse_destination(text, dictionary.rules); });
  if (!destination) return;
  EntryOptions options;
  options.is_optional = true;
  auto entries = unfold({*destination, Transport::udp, {{123, 123}}}, options, dictionary);
  if (!entries) return reader.refuse(item.place, std::move(entries.error().message));
  for (auto& entry : *entries) {
    entry.origin.kind = Origin::Kind::service;
    entry.origin.service = "ntp";
    entry.origin.place = item.place;
    table.add(std::move(entry));
  }
}

void AllowReader::read(const Addition& addition) const {
  const Place place{"additions", 0, 0};
  auto entries =
      parse_target(addition.target, dictionary.rules).and_then([&](const Target& target) {
        return unfold(target, addition.options, dictionary);
      });
  if (const auto reason = check_reason(addition.options.reason); !reason) {
    reader.refuse(place, reason.error().message);
  }
  if (!entries) return reader.refuse(place, std::move(entries.error().message));
  for (auto& entry : *entries) {
    entry.origin.kind = Origin::Kind::operator_added;
    entry.origin.added_by = addition.added_by;
    entry.origin.place = place;
    if (!has_ended(entry, now)) table.add_addition(std::move(entry));
  }
}

}  // namespace egress::policy
