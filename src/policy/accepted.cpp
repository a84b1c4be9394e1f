#include "egress/policy/accepted.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"
#include "policy/additions.hpp"
#include "policy/entry_table.hpp"
#include "policy/frame_text.hpp"
#include "policy/reader.hpp"
#include "policy/target_parts.hpp"
#include "policy/yaml_text.hpp"

namespace egress::policy {
namespace {

constexpr Form kFile{"a policy that was accepted", "what egressd itself has written"};
constexpr Form kItem{"an item", "a map with written, at, opens"};
constexpr Form kPlace{"a place", "FILE:LINE:COLUMN"};
constexpr Form kEntry{"an entry", "a target, or a map with target and options"};
constexpr Form kWord{"a word", "text"};

constexpr std::string_view kHeading =
    "# The policy that egressd accepted last, without anything that it would have to look up. It "
    "stands in while the\n"
    "# policy files cannot be used. egressd writes this file; do not edit it.\n";

Result<std::string> any(std::string_view text) {
  return std::string(text);
}

Result<Place> parse_place(std::string_view text) {
  const auto column = text.rfind(':');
  const auto line = column == text.npos || column == 0 ? text.npos : text.rfind(':', column - 1);
  Place place;
  const auto number = [](std::string_view digits, int& into) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return error == std::errc{} && end == digits.data() + digits.size();
  };
  if (line == text.npos || !number(text.substr(column + 1), place.column) ||
      !number(text.substr(line + 1, column - line - 1), place.line))
    return fail(quoted(text) + " is not a place; accepted: " + std::string(kPlace.accepted));
  place.file = text.substr(0, line);
  return place;
}

Result<Destination> parse_bare(std::string_view host) {
  const auto as_destination = [](auto value) { return Destination(std::move(value)); };
  if (host.starts_with('[') && host.ends_with(']'))
    return Prefix::parse(host.substr(1, host.size() - 2)).map(as_destination);
  if (const auto prefix = Prefix::parse(host)) return Destination(*prefix);
  const bool is_wildcard = host.starts_with("*.");
  if (!is_wildcard && !host.starts_with('.')) return DnsName::parse(host).map(as_destination);
  return DnsName::parse(host.substr(is_wildcard ? 2 : 1)).map([&](DnsName base) {
    return Destination(Wildcard{std::move(base), !is_wildcard});
  });
}

// ---- writing

std::string print_entry(const AllowEntry& entry) {
  const std::string target = yaml_quoted(entry.target());
  std::string options;
  if (entry.is_optional) options += ", optional: true";
  if (entry.allows_private) options += ", private: true";
  if (entry.allows_metadata) options += ", metadata: true";
  if (entry.is_wide) options += ", wide: true";
  if (entry.service_domain) options += ", srv: " + yaml_quoted(entry.service_domain->text());
  if (!entry.except().empty()) options += ", except: " + yaml_list(texts(entry.except()));
  if (entry.until) options += ", until: " + print_wall_time(*entry.until);
  if (!entry.reason.empty()) options += ", reason: " + yaml_quoted(entry.reason);
  if (entry.risk)
    options +=
        ", risk: " + std::string(text(entry.risk->kind)) + ", why: " + yaml_quoted(entry.risk->why);
  return options.empty() ? target : "{ target: " + target + options + " }";
}

// An item is written at one place, and names one preset or service at most.
std::string print_item(const AcceptedItem& item) {
  std::string out = "  - { written: " + yaml_quoted(item.written);
  if (!item.entries.empty()) {
    const Origin& origin = item.entries.front()->origin;
    out += ", at: " + yaml_quoted(origin.place.file + ':' + std::to_string(origin.place.line) +
                                  ':' + std::to_string(origin.place.column));
    if (!origin.preset.empty()) out += ", preset: " + yaml_quoted(origin.preset);
    if (!origin.service.empty()) out += ", service: " + yaml_quoted(origin.service);
  }
  std::string opens;
  for (const auto& entry : item.entries) opens += (opens.empty() ? "" : ", ") + print_entry(*entry);
  return out + ", opens: [" + opens + "] }\n";
}

// ---- reading

std::optional<Risk> read_risk(Keys& keys, Reader& reader) {
  const Node* kind = keys.find("risk");
  const Node* why = keys.find("why");
  if (kind == nullptr || why == nullptr) return std::nullopt;
  const auto word = reader.parsed(*kind, kWord, any).value_or("");
  Risk risk{Risk::Kind::wide, reader.parsed(*why, kWord, any).value_or("")};
  for (const Risk::Kind known : {Risk::Kind::upload, Risk::Kind::shared_cdn})
    if (word == text(known)) risk.kind = known;
  return risk;
}

std::optional<AllowEntry> read_entry(const Node& node, Reader& reader) {
  if (node.kind != Node::Kind::map) return reader.parsed(node, kEntry, parse_entry);
  Keys keys(node, kEntry, reader);
  const Node* target = keys.require("target", kEntry);
  auto entry = target != nullptr ? reader.parsed(*target, kEntry, parse_entry) : std::nullopt;
  const auto flag = [&](std::string_view key) {
    const Node* value = keys.find(key);
    return value != nullptr && reader.flag(*value);
  };
  AllowEntry options;
  options.is_optional = flag("optional");
  options.allows_private = flag("private");
  options.allows_metadata = flag("metadata");
  options.is_wide = flag("wide");
  if (const Node* domain = keys.find("srv"))
    options.service_domain = reader.parsed(*domain, kWord, DnsName::parse);
  std::vector<std::string> except;
  if (const Node* names = keys.find("except"))
    for (const Node& name : reader.list(*names, {"a list of names", "[]"}))
      except.push_back(reader.parsed(name, kWord, any).value_or(""));
  if (const Node* until = keys.find("until"))
    options.until =
        reader.parsed(*until, {"a time", "UTC as 2026-12-01T00:00:00Z"}, parse_wall_time);
  if (const Node* reason = keys.find("reason"))
    options.reason = reader.parsed(*reason, kWord, any).value_or("");
  options.risk = read_risk(keys, reader);
  keys.refuse_unknown();
  if (!entry) return std::nullopt;
  if (auto* wildcard = std::get_if<Wildcard>(&entry->destination)) {
    auto names = parse_exceptions(except);
    if (!names) {
      reader.refuse(node.place, names.error().message);
      return std::nullopt;
    }
    wildcard->except = *std::move(names);
  }
  options.destination = std::move(entry->destination);
  options.transport = entry->transport;
  options.ports = entry->ports;
  return options;
}

AcceptedItem read_item(const Node& node, Reader& reader) {
  AcceptedItem item;
  Keys keys(node, kItem, reader);
  const auto word = [&](std::string_view key) {
    const Node* value = keys.find(key);
    return value != nullptr ? reader.parsed(*value, kWord, any).value_or("") : std::string();
  };
  item.written = word("written");
  Origin origin;
  origin.preset = word("preset");
  origin.service = word("service");
  if (!origin.service.empty()) origin.kind = Origin::Kind::service;
  if (const Node* at = keys.find("at"))
    origin.place = reader.parsed(*at, kPlace, parse_place).value_or(Place{});
  if (const Node* opens = keys.find("opens"))
    for (AllowEntry& entry : read_opens(*opens, reader)) {
      entry.origin = origin;
      item.entries.push_back(std::make_shared<const AllowEntry>(std::move(entry)));
    }
  keys.refuse_unknown();
  return item;
}

// Whatever was accepted together goes together: nothing is refused.
Entries entries_of(const std::vector<AcceptedItem>& items, WallTime now) {
  Problems ignored;
  Reader reader(ignored);
  const Entries nothing;
  EntryTable table(reader, nothing, std::numeric_limits<std::size_t>::max());
  for (const AcceptedItem& item : items)
    for (const auto& entry : item.entries)
      if (!entry->until || *entry->until > now) table.add(entry);
  return table.take();
}

std::uint64_t read_digest(const Node& node, Reader& reader) {
  const auto hex = reader.parsed(node, kWord, any).value_or("");
  std::uint64_t digest = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), digest, 16);
  return digest;
}

Accepted read_accepted(Keys& keys, WallTime now, Reader& reader) {
  Accepted accepted;
  if (const Node* node = keys.require("digest", kFile))
    accepted.digest = read_digest(*node, reader);
  if (const Node* node = keys.require("settings", kFile))
    accepted.policy = read_frame(*node, reader);
  if (const Node* node = keys.require("items", kFile))
    for (const Node& item : reader.list(*node, kFile))
      accepted.items.push_back(read_item(item, reader));
  if (const Node* node = keys.require("additions", kFile))
    for (const Node& item : reader.list(*node, kFile))
      accepted.additions.push_back(read_addition(item, reader));
  keys.refuse_unknown();
  accepted.policy.entries = entries_of(accepted.items, now);
  return accepted;
}

// Then it was a policy file, with the additions among its entries.
tl::expected<Accepted, Problems> read_first_version(const Node& document, WallTime now) {
  const NameRules form_only{
      [](std::string_view name) { return Result<std::string>(std::string(name)); },
      [](const DnsName&) { return Suffix::none; }, [](const DnsName&) { return Suffix::none; }};
  return load_files({{document}, {}, nullptr, &form_only, now}).map([](Policy policy) {
    Accepted accepted;
    for (const auto& entry : policy.entries.pointers())
      accepted.items.push_back({entry->target(), {entry}});
    accepted.policy = std::move(policy);
    return accepted;
  });
}

bool is_first_version(const Node& document) {
  for (const auto& [key, value] : document.map)
    if (key.scalar == "version") return value.scalar == "1";
  return false;
}

}  // namespace

std::string print_opens(const std::vector<AllowEntry>& entries) {
  std::string out;
  for (const AllowEntry& entry : entries) out += (out.empty() ? "" : ", ") + print_entry(entry);
  return '[' + out + ']';
}

std::vector<AllowEntry> read_opens(const Node& node, Reader& reader) {
  std::vector<AllowEntry> entries;
  for (const Node& item : reader.list(node, {"a list of entries", "[]"}))
    if (auto entry = read_entry(item, reader)) entries.push_back(*std::move(entry));
  return entries;
}

Result<AllowEntry> parse_entry(std::string_view target) {
  const auto slash = target.find('/');
  const auto transport = parse_transport(target.substr(0, slash));
  const bool takes_ports = transport && has_ports(*transport);
  const auto colon = takes_ports ? target.rfind(':') : target.size();
  const bool is_shaped = slash != target.npos && transport && colon != target.npos && slash < colon;
  if (!is_shaped)
    return fail(quoted(target) +
                " is not an entry; accepted: tcp/HOST:PORT, udp/HOST:PORT or icmp/HOST");
  const auto destination = parse_bare(target.substr(slash + 1, colon - slash - 1));
  if (!destination) return tl::unexpected(destination.error());
  const auto ports = takes_ports ? parse_ports(target.substr(colon + 1)) : no_ports();
  if (!ports) return tl::unexpected(ports.error());
  if (ports->size() != 1)
    return fail(quoted(target) + " has several ports; accepted: one port or range");
  AllowEntry entry;
  entry.destination = *destination;
  entry.transport = *transport;
  entry.ports = ports->front();
  return entry;
}

Result<std::vector<DnsName>> parse_exceptions(const std::vector<std::string>& names) {
  std::vector<DnsName> parsed;
  for (const std::string& text : names) {
    auto name = DnsName::parse(text);
    if (!name) return tl::unexpected(name.error());
    parsed.push_back(*std::move(name));
  }
  std::ranges::sort(parsed);
  return parsed;
}

// FNV-1a. It tells an edited file from one that is as it was; nobody else can write these files.
std::uint64_t digest_of(const std::vector<std::string_view>& texts) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t digest = 0xcbf29ce484222325;
  const auto take = [&](std::string_view octets) {
    for (const char octet : octets) digest = (digest ^ static_cast<unsigned char>(octet)) * kPrime;
  };
  for (const std::string_view text : texts) {
    take(std::to_string(text.size()) + ':');
    take(text);
  }
  return digest == 0 ? 1 : digest;
}

std::string print_accepted(const Accepted& accepted) {
  std::array<char, 16> hex{};
  const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), accepted.digest, 16).ptr;
  std::string out = std::string(kHeading) + "version: 2\ndigest: \"" +
                    std::string(hex.data(), end) + "\"\nsettings: " + print_frame(accepted.policy) +
                    '\n';
  out += accepted.items.empty() ? "items: []\n" : "items:\n";
  for (const AcceptedItem& item : accepted.items) out += print_item(item);
  return out + print_list(accepted.additions);
}

tl::expected<Accepted, Problems> parse_accepted(const Node& document, WallTime now) {
  if (is_first_version(document)) return read_first_version(document, now);
  Problems problems;
  Reader reader(problems);
  Keys keys(document, kFile, reader);
  const Node* version = keys.is_map() ? keys.require("version", kFile) : nullptr;
  if (version != nullptr && version->scalar != "2")
    reader.refuse(version->place,
                  "a version that this egressd does not read; accepted: version: 2");
  Accepted accepted;
  if (problems.empty()) accepted = read_accepted(keys, now, reader);
  if (problems.empty()) return accepted;
  std::ranges::stable_sort(problems, {}, &Problem::place);
  return tl::unexpected(std::move(problems));
}

}  // namespace egress::policy
