#include "egress/policy/load.hpp"

#include <algorithm>
#include <iterator>

#include "egress/core/text.hpp"
#include "policy/allow.hpp"
#include "policy/settings.hpp"

namespace egress::policy {
namespace {

constexpr std::size_t kProblemsShown = 100;
constexpr std::string_view kMusl =
    "refuse_with: refused: programs with musl (Alpine containers, static binaries) wait 5 s for "
    "each refused name, and where resolv.conf has search domains they find no name at all; "
    "nxdomain has neither";
constexpr Form kFile{"a policy", "a map that begins with version: 1"};

// One document into the policy. The main file's keys are asked for in the main file only, so that
// elsewhere they are unknown.
class DocumentReader {
 public:
  // `notes` may be null.
  DocumentReader(Policy& policy, Reader& reader, const AllowReader& allow, const Sources& sources,
                 Notes* notes)
      : policy_(policy), reader_(reader), allow_(allow), sources_(sources), notes_(notes) {}

  void read(const Node& document, bool is_main) {
    Keys keys(document, kFile, reader_);
    if (!keys.is_map()) return;
    read_version(keys);
    if (is_main) read_settings(keys);
    if (const Node* node = keys.find("services")) read_services(*node, is_main);
    if (const Node* node = keys.find("allow")) {
      for (const auto& item : reader_.list(*node, {"a list of entries", "[api.openai.com:443]"},
                                           Reader::Null::is_empty)) {
        allow_.read(item);
      }
    }
    keys.refuse_unknown();
  }

 private:
  void read_version(Keys& keys) {
    const Node* node = keys.find("version");
    if (node == nullptr) {
      reader_.refuse(keys.place(), "the key \"version\" is missing; accepted: version: 1");
    } else if (node->kind != Node::Kind::scalar || node->is_quoted || node->scalar != "1") {
      reader_.refuse(*node, {"a version that this egressd reads", "1"});
    }
  }

  void read_settings(Keys& keys) {
    if (const Node* node = keys.find("mode")) policy_.mode = read_mode(*node, reader_);
    if (const Node* node = keys.find("dns")) {
      policy_.dns = read_dns(*node, reader_);
      if (notes_ != nullptr && policy_.dns.refuse_with == RefuseWith::refused)
        notes_->doubts.push_back({node->place, std::string(kMusl)});
    }
    if (const Node* node = keys.find("limits")) policy_.limits = read_limits(*node, reader_);
    read_forward(keys.find("forward"), reader_, policy_);
    if (const Node* node = keys.find("inbound")) policy_.inbound = read_inbound(*node, reader_);
    if (const Node* node = keys.find("resolvers"))
      read_resolvers(*node, *sources_.rules, reader_, policy_);
  }

  void read_services(const Node& node, bool is_main) {
    Keys keys(node, {"a map of services", is_main ? "ntp, dhcp, guests, metadata" : "ntp"},
              reader_);
    if (const Node* servers = keys.find("ntp")) read_time_servers(*servers);
    const Node* dhcp = is_main ? keys.find("dhcp") : nullptr;
    if (dhcp != nullptr) policy_.allows_dhcp = reader_.flag(*dhcp);
    const Node* guests = is_main ? keys.find("guests") : nullptr;
    if (guests != nullptr) policy_.serves_guests = reader_.flag(*guests);
    const Node* metadata = is_main ? keys.find("metadata") : nullptr;
    if (metadata != nullptr) policy_.metadata_at_boot = read_metadata(*metadata, reader_);
    keys.refuse_unknown();
  }

  void read_time_servers(const Node& node) {
    if (is_word(node, "system")) return read_system_time(node);
    constexpr Form kServers{"a list of time servers", "[.pool.ntp.org], or system"};
    for (const auto& item : reader_.list(node, kServers, Reader::Null::is_empty))
      allow_.read_time_server(item);
  }

  // The configuration of a time service is no part of the policy: what is wrong in it is a doubt.
  void read_system_time(const Node& node) {
    if (!sources_.system_time) return;
    const SystemTime time = sources_.system_time();
    Problems doubts = time.problems;
    for (const TimeServer& server : time.servers) allow_.read_system_time(server, doubts);
    if (time.servers.empty())
      doubts.push_back({node.place,
                        "services.ntp: system: no time service of this host names a server; "
                        "accepted besides: a list, such as [.pool.ntp.org]"});
    if (notes_ != nullptr) std::ranges::move(doubts, std::back_inserter(notes_->doubts));
  }

  Policy& policy_;
  Reader& reader_;
  const AllowReader& allow_;
  const Sources& sources_;
  Notes* notes_;
};

Dictionary dictionary_of(const Sources& sources) {
  static const Catalogue kNoPresets;
  return {sources.catalogue != nullptr ? *sources.catalogue : kNoPresets, *sources.rules};
}

// Sorted by place, and bounded: a hostile file can hold as many mistakes as nodes.
Problems presentable(Problems problems) {
  std::ranges::stable_sort(problems, {}, &Problem::place);
  if (problems.size() <= kProblemsShown) return problems;
  const std::size_t hidden = problems.size() - kProblemsShown;
  problems.resize(kProblemsShown);
  problems.push_back({problems.back().place, std::to_string(hidden) + " more problems"});
  return problems;
}

void refuse_what_needs_the_guard(const Policy& policy, Reader& reader) {
  if (policy.dns.mode == DnsMode::guard) return;
  for (const AllowEntry& entry : policy.entries)
    if (auto why = needs_guard(entry)) reader.refuse(entry.origin.place, *std::move(why));
}

}  // namespace

std::string Problem::text() const {
  return place.text() + ": " + message;
}

tl::expected<Policy, Problems> load_files(const Sources& sources, Notes* notes) {
  const Entries nothing;
  Problems problems;
  Reader reader(problems);
  EntryTable table(reader, nothing);
  const Dictionary dictionary = dictionary_of(sources);
  const AllowReader allow(sources, dictionary, reader, table, notes);
  Policy policy;
  DocumentReader documents(policy, reader, allow, sources, notes);
  if (sources.documents.empty()) reader.refuse(Place{"policy", 0, 0}, "there is no policy file");
  for (std::size_t i = 0; i < sources.documents.size(); ++i) {
    documents.read(sources.documents[i], i == 0);
  }
  policy.entries = table.take();
  refuse_what_needs_the_guard(policy, reader);
  if (!problems.empty()) return tl::unexpected(presentable(std::move(problems)));
  return policy;
}

tl::expected<Policy, Problems> add_additions(Policy files, const Sources& sources, Notes* notes) {
  Entries::Pointers current = files.entries.pointers();
  std::erase_if(current,
                [&](const Entries::Pointer& entry) { return has_ended(*entry, sources.now); });
  const Entries base(std::move(current));
  Problems problems;
  Reader reader(problems);
  EntryTable table(reader, base);
  const Dictionary dictionary = dictionary_of(sources);
  const AllowReader allow(sources, dictionary, reader, table, notes);
  const bool has_guard = files.dns.mode == DnsMode::guard;
  for (const auto& addition : sources.additions) allow.read(addition, has_guard);
  files.entries = table.take();
  if (!problems.empty()) return tl::unexpected(presentable(std::move(problems)));
  return files;
}

tl::expected<Policy, Problems> load(const Sources& sources) {
  auto files = load_files(sources);
  return files ? add_additions(*std::move(files), sources) : files;
}

}  // namespace egress::policy
