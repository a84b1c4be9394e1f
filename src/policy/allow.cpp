#include "policy/allow.hpp"

#include <algorithm>
#include <iterator>

#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"
#include "egress/policy/accepted.hpp"
#include "policy/subject.hpp"
#include "policy/target_parts.hpp"
#include "policy/yaml_text.hpp"

namespace egress::policy {
namespace {

constexpr Form kItem{"an entry", "a target, or a map with one of target, host, cidr, preset"};

// The node as text: the same for the same words in the same order.
std::string written(const Node& node) {
  if (node.kind == Node::Kind::scalar) return yaml_quoted(node.scalar);
  std::string out;
  for (const Node& item : node.list) out += (out.empty() ? "" : ", ") + written(item);
  for (const auto& [key, value] : node.map)
    out += (out.empty() ? "" : ", ") + written(key) + ": " + written(value);
  return node.kind == Node::Kind::map ? '{' + out + '}' : '[' + out + ']';
}

// What it stood for: a preset's entries are kept with it, anything else is its own target.
std::vector<AllowEntry> accepted_form(const Addition& addition, const NameRules& rules) {
  if (!addition.opens.empty()) {
    std::vector<AllowEntry> entries = addition.opens;
    for (AllowEntry& entry : entries)
      entry.origin.preset = addition.target.substr(addition.target.find(':') + 1);
    return entries;
  }
  auto entry = parse_entry(addition.target);
  if (!entry) return {};
  if (auto* wildcard = std::get_if<Wildcard>(&entry->destination)) {
    auto except = parse_exceptions(addition.options.except);
    if (!except) return {};
    wildcard->except = *std::move(except);
  }
  entry->is_optional = addition.options.is_optional;
  entry->allows_private = addition.options.allows_private;
  entry->allows_metadata = addition.options.allows_metadata;
  if (addition.options.has_services && entry->name() != nullptr)
    entry->service_domain = registrable_domain(*entry->name(), rules);
  entry->is_wide =
      addition.options.is_wide && (entry->wildcard() != nullptr || entry->service_domain);
  entry->until = addition.options.until;
  entry->reason = addition.options.reason;
  return {*std::move(entry)};
}

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
  options.is_wide = flag("wide");
  options.has_services = flag("srv");
  if (const Node* node = keys.find("except"))
    for (const Node& name : reader.list(*node, kExceptions))
      if (auto text = reader.text(name, kException)) options.except.push_back(*std::move(text));
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

std::optional<std::string> needs_guard(const AllowEntry& entry) {
  if (entry.wildcard() != nullptr)
    return quoted(entry.wildcard()->text()) +
           " needs the DNS guard; accepted: dns: guard, or each host by its own name";
  if (entry.service_domain)
    return "srv of " + quoted(entry.name()->text()) +
           " needs the DNS guard; accepted: dns: guard, or each host by its own name";
  return std::nullopt;
}

AllowReader::AllowReader(const Sources& sources, const Dictionary& dictionary, Reader& reader,
                         EntryTable& table, Notes* notes)
    : dictionary_(dictionary),
      now_(sources.now),
      reader_(reader),
      table_(table),
      notes_(notes),
      risks_(dictionary.catalogue) {
  if (sources.accepted == nullptr) return;
  for (const AcceptedItem& item : sources.accepted->items)
    accepted_.try_emplace(item.written, &item);
}

void AllowReader::read(const Node& item) const {
  take(item, written(item), unfold_item(item));
}

void AllowReader::read_time_server(const Node& item) const {
  take(item, "ntp " + written(item), unfold_time_server(item));
}

void AllowReader::read_system_time(const TimeServer& server, Problems& doubts) const {
  const auto destination = parse_destination(server.host, dictionary_.rules);
  if (!destination)
    return doubts.push_back({server.place, "not allowed: " + destination.error().message});
  const auto* prefix = std::get_if<Prefix>(&*destination);
  if (std::holds_alternative<Wildcard>(*destination) || (prefix != nullptr && !prefix->is_single()))
    return doubts.push_back({server.place, "not allowed: " + quoted(server.host) +
                                               " is no name and no address of one server"});
  Node item;
  item.kind = Node::Kind::scalar;
  item.place = server.place;
  item.scalar = server.host;
  const auto allow = [&](Transport transport, Port port) {
    auto entries = unfold_service(*destination, transport, port);
    if (!entries)
      return doubts.push_back({server.place, "not allowed: " + entries.error().message});
    const std::string port_text = std::string(egress::text(transport)) + ' ' + std::to_string(port);
    for (const AllowEntry& entry : *entries)
      if (!table_.takes(entry))
        return doubts.push_back(
            {server.place, "not allowed: " + quoted(entry.target()) +
                               " is allowed elsewhere with other options, which stand"});
    take(item, "ntp of the system " + port_text + ' ' + written(item), *std::move(entries));
  };
  allow(Transport::udp, server.port);
  if (server.keys_port) allow(Transport::tcp, *server.keys_port);
}

AllowReader::Unfolded AllowReader::unfold_item(const Node& item) const {
  Problems problems;
  Reader reader(problems);
  std::optional<Target> target;
  EntryOptions options;
  if (item.kind == Node::Kind::map) {
    Keys keys(item, kItem, reader);
    const Subject subject(keys);
    target = read_subject(subject, keys, dictionary_, reader);
    options = read_options(keys, reader);
    // The parameters of a preset that is not known cannot be told from unknown keys.
    if (target || subject.preset == nullptr) keys.refuse_unknown();
  } else {
    target = reader.parsed(item, kItem, [this](std::string_view text) {
      return check_is_no_preset(text, dictionary_.catalogue).and_then([&] {
        return parse_target(text, dictionary_.rules);
      });
    });
  }
  auto entries = target ? unfold(*target, options, dictionary_) : std::vector<AllowEntry>();
  if (!entries) reader.refuse(item.place, std::move(entries.error().message));
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return *std::move(entries);
}

AllowReader::Unfolded AllowReader::unfold_time_server(const Node& item) const {
  Problems problems;
  Reader reader(problems);
  const auto destination = reader.parsed(
      item, {"a time server", "a host name or an address"},
      [this](std::string_view text) { return parse_destination(text, dictionary_.rules); });
  if (!destination) return tl::unexpected(std::move(problems));
  auto entries = unfold_service(*destination, Transport::udp, kNtp);
  if (!entries) return tl::unexpected(Problems{{item.place, std::move(entries.error().message)}});
  return *std::move(entries);
}

Result<std::vector<AllowEntry>> AllowReader::unfold_service(const Destination& destination,
                                                            Transport transport, Port port) const {
  EntryOptions options;
  options.is_optional = true;
  auto entries = unfold({destination, transport, {{port, port}}}, options, dictionary_);
  if (!entries) return entries;
  for (auto& entry : *entries) {
    entry.origin.kind = Origin::Kind::service;
    entry.origin.service = "ntp";
  }
  return entries;
}

// By the rules of today, or as it was accepted.
void AllowReader::take(const Node& item, std::string written, Unfolded unfolded) const {
  const auto before = unfolded ? accepted_.end() : accepted_.find(written);
  if (!unfolded && before == accepted_.end()) {
    for (Problem& problem : unfolded.error())
      reader_.refuse(problem.place, std::move(problem.message));
    return;
  }
  if (!unfolded) {
    if (notes_ != nullptr)
      std::ranges::move(unfolded.error(), std::back_inserter(notes_->warnings));
    unfolded.emplace();
    for (const auto& entry : before->second->entries) unfolded->push_back(*entry);
  }
  AcceptedItem taken{std::move(written), {}};
  for (AllowEntry& entry : *unfolded) {
    entry.origin.place = item.place;
    risks_.complete(entry);
    if (!has_ended(entry, now_))
      taken.entries.push_back(std::make_shared<const AllowEntry>(std::move(entry)));
  }
  for (const auto& entry : taken.entries) table_.add(entry);
  if (notes_ != nullptr) notes_->items.push_back(std::move(taken));
}

void AllowReader::read(const Addition& addition, bool has_guard) const {
  auto unfolded = check_reason(addition.options.reason).and_then([&](const auto&) {
    return parse_target(addition.target, dictionary_.rules).and_then([&](const Target& target) {
      return unfold(target, addition.options, dictionary_);
    });
  });
  const auto today = unfolded.and_then(
      [&](const auto& entries) { return add(entries, addition, has_guard, true); });
  if (today && notes_ != nullptr && !unfolded->front().origin.preset.empty())
    notes_->opens.insert_or_assign(addition.target, *std::move(unfolded));
  if (today) return;
  const bool stays = addition.is_accepted &&
                     add(accepted_form(addition, dictionary_.rules), addition, has_guard, false);
  const Problem problem{{"additions", 0, 0}, today.error().message};
  if (notes_ == nullptr) {
    if (!stays) reader_.refuse(problem.place, problem.message);
  } else if (stays) {
    notes_->warnings.push_back(problem);
  } else {
    notes_->left_out.push_back({addition.target, problem});
  }
}

Result<void> AllowReader::add(std::vector<AllowEntry> entries, const Addition& addition,
                              bool has_guard, bool is_bounded) const {
  if (entries.empty()) return fail(quoted(addition.target) + " stands for nothing");
  std::erase_if(entries, [this](const AllowEntry& entry) { return has_ended(entry, now_); });
  for (AllowEntry& entry : entries) {
    if (auto why = needs_guard(entry); why && !has_guard) return fail(*std::move(why));
    entry.origin.kind = Origin::Kind::operator_added;
    entry.origin.added_by = addition.added_by;
    entry.origin.place = {"additions", 0, 0};
    risks_.complete(entry);
  }
  return table_.add_addition(entries, is_bounded);
}

}  // namespace egress::policy
