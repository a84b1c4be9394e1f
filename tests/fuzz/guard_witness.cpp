#include "fuzz/guard_witness.hpp"

#include <algorithm>
#include <utility>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egress/dns/doh_endpoints.hpp"
#include "fuzz/dns_reading.hpp"

namespace egress::fuzz {
namespace {

using policy::AllowEntry;

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;

std::optional<dns::Question> question_of(const guard::Query& query) {
  const auto name = DnsName::parse(query.name());
  if (!name || (query.type != kTypeA && query.type != kTypeAaaa)) return std::nullopt;
  return dns::Question{*name, query.type == kTypeA ? Family::ipv4 : Family::ipv6};
}

bool is_localhost(const DnsName& name) {
  return name.text() == "localhost" || name.text().ends_with(".localhost");
}

const nft::LiveElement* find(const nft::Snapshot& table, const nft::ElementKey& key) {
  const auto at = std::ranges::lower_bound(table.elements, key, {}, &nft::LiveElement::key);
  return at != table.elements.end() && at->key == key ? &*at : nullptr;
}

IpAddress address_of(const cares::Record& record) {
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(record.octets, octets.begin());
  if (record.octets.size() == 16) return IpAddress::v6(octets);
  return IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
}

}  // namespace

void Witness::on_policy(std::shared_ptr<const policy::Policy> policy) {
  policy_ = std::move(policy);
  is_new_policy_ = true;
  ends_.clear();
  for (const AllowEntry& entry : policy_->entries) {
    if (entry.until) ends_[&entry] = host_.clock().now() + (*entry.until - host_.clock().wall());
    ever_private_ = ever_private_ || entry.allows_private;
    ever_metadata_ = ever_metadata_ || entry.allows_metadata;
  }
}

void Witness::on_message(const guard::Client& client, guard::Octets message) {
  Message taken;
  taken.client = client;
  taken.octets = std::move(message);
  const auto read = guard::read_query(taken.octets);
  if (const auto* query = std::get_if<guard::Query>(&read)) {
    taken.query = *query;
    if (const auto question = question_of(*query)) {
      programs_.insert(*question);
      taken.was_allowed = !entries_of(question->name).empty();
    }
  }
  const auto* unusable = std::get_if<guard::Unusable>(&read);
  taken.deserves_reply = unusable == nullptr || !unusable->reply.empty();
  messages_.push_back(std::move(taken));
}

void Witness::extend(const DnsName& name, const IpAddress& address, Instant end) {
  Instant& known = known_[address].try_emplace(name, end).first->second;
  known = std::max(known, end);
}

void Witness::on_answer(const dns::Answer& answer) {
  const Instant now = host_.clock().now();
  const policy::Limits& limits = policy_->limits;
  Said& said = said_[answer.question];
  said.is_failing = answer.status != dns::Status::ok;
  if (answer.status == dns::Status::ok) {
    said = {.at = now, .ttl = answer.ttl < seconds(1LL << 31) ? answer.ttl : seconds(0)};
    said.addresses.insert(answer.addresses.begin(), answer.addresses.end());
    for (const IpAddress& address : answer.addresses)
      extend(answer.question.name, address,
             now + std::clamp(said.ttl, limits.min_ttl, limits.max_ttl) + limits.grace);
  } else if (dns::is_negative(answer.status)) {
    said.addresses.clear();
  } else {
    for (const IpAddress& address : said.addresses)
      extend(answer.question.name, address, now + limits::kStaleTtl + limits.grace);
  }
}

void Witness::on_restored(const engine::Restored& restored) {
  const dns::KnownAddress& known = restored.known;
  const Instant now = host_.clock().now();
  const Instant latest = now + policy_->limits.max_ttl + policy_->limits.grace;
  extend(known.name, known.address, std::min(now + (known.expires - restored.wall), latest));
}

bool Witness::permits(const AllowEntry& entry, const IpAddress& address) const {
  if (host_.engine().inputs().own_addresses.contains(address)) return false;
  const AddressClass address_class = classify(address);
  if (address_class == AddressClass::private_use) return entry.allows_private;
  if (address_class == AddressClass::metadata || address_class == AddressClass::loopback)
    return entry.allows_metadata;
  return address_class == AddressClass::unicast;
}

bool Witness::was_ever_permitted(const IpAddress& address) const {
  AllowEntry freest;
  freest.allows_private = ever_private_;
  freest.allows_metadata = ever_metadata_;
  return permits(freest, address) || host_.engine().inputs().own_addresses.contains(address);
}

// It is open without an element.
bool Witness::is_told_as_own(const std::vector<const AllowEntry*>& entries,
                             const IpAddress& address) const {
  return host_.engine().inputs().own_addresses.contains(address) &&
         std::ranges::any_of(entries, &AllowEntry::allows_private);
}

bool Witness::covers(const AllowEntry& entry, const DnsName& name) const {
  if (entry.name() != nullptr) return *entry.name() == name;
  return entry.wildcard() != nullptr && entry.wildcard()->covers(name) &&
         !dns::is_doh_endpoint(name);
}

std::vector<const AllowEntry*> Witness::entries_of(const DnsName& name) const {
  std::vector<const AllowEntry*> entries;
  for (const AllowEntry& entry : policy_->entries)
    if (covers(entry, name)) entries.push_back(&entry);
  return entries;
}

Instant Witness::end_of(const AllowEntry& entry) const {
  const auto at = ends_.find(&entry);
  return at == ends_.end() ? kNever : at->second;
}

void Witness::check() {
  for (const auto& sent : host_.take_sent()) check_sent(sent);
  check_asked();
  check_table();
  check_notices();
  check_limits();
}

void Witness::check_sent(const test::GuardedHost::Sent& sent) {
  require(sent.client.handle < messages_.size(), "a reply to somebody who asked");
  Message& message = messages_[sent.client.handle];
  require(message.deserves_reply && !message.is_replied, "one reply to each message");
  message.is_replied = true;
  const Span reply = sent.message;
  require(reply.size() >= 12 && (reply[2] & 0x80U) != 0, "a reply is a response");
  require(u16(reply, 0) == u16(message.octets, 0), "the id is echoed");
  if (message.query) return check_query_reply(message, sent);
  require(u16(reply, 6) == 0 && u16(reply, 8) == 0, "what is no query gets no records");
}

unsigned Witness::refusal() const {
  return policy_->dns.refuse_with == policy::RefuseWith::refused ? 5 : 3;
}

void Witness::check_query_reply(const Message& message, const test::GuardedHost::Sent& sent) const {
  const guard::Query& query = *message.query;
  const Span reply = sent.message;
  const Span name = query.wire_name();
  require(u16(reply, 4) == 1 && std::ranges::equal(name, reply.subspan(12, name.size())) &&
              u16(reply, 12 + name.size()) == query.type,
          "the question is echoed");
  if (holds_nul_label(name)) return require(u16(reply, 6) == 0, "no host has such a name");
  require(is_read(reply), "a reply parses");
  cares::MessageReader reader(reply);
  const auto header = reader.header();
  reader.question();
  const auto question = question_of(query);
  for (unsigned i = 0; i < header->answers + header->authorities; ++i) {
    const auto record = reader.record();
    if (record->octets.empty()) continue;
    require(question.has_value(), "addresses only to who asks for addresses");
    check_told(*question, {address_of(*record), seconds(record->ttl)}, sent.table);
  }
  if (!question || is_localhost(question->name)) return;
  if (entries_of(question->name).empty())
    require(header->answers == 0, "nothing is told of a name that is not allowed");
  if (!message.was_allowed)
    require(header->rcode() == refusal() && header->answers == 0, "it is refused");
}

void Witness::check_told(const dns::Question& question, const Told& told,
                         const nft::Snapshot& table) const {
  const auto entries = entries_of(question.name);
  if (entries.empty()) {
    require(is_localhost(question.name) && classify(told.address) == AddressClass::loopback,
            "an address of an allowed name");
    return;
  }
  require(told.address.family() == question.family, "the family asked for");
  if (is_told_as_own(entries, told.address)) return check_freshness(question, told);
  bool is_open = false;
  for (const AllowEntry* entry : entries) {
    if (!permits(*entry, told.address) || end_of(*entry) <= host_.clock().now()) continue;
    is_open = true;
    for (int port = entry->ports.first; port <= entry->ports.last; ++port) {
      Endpoint endpoint = entry->first_at(told.address);
      endpoint.port = static_cast<Port>(port);
      const auto* element = find(table, nft::ElementKey::of_name(endpoint));
      require(element != nullptr, "every port of the address was open when it was told");
      // The clock may leap between an answer and its release; what is told then is TTL 0.
      const bool is_exact = entry->until || told.ttl == seconds(0);
      const seconds grace = is_exact ? seconds(0) : policy_->limits.grace;
      require(element->expires >= told.ttl + grace, "and stays so for the TTL told and the grace");
    }
  }
  require(is_open, "an entry permits the address");
  check_freshness(question, told);
}

void Witness::check_freshness(const dns::Question& question, const Told& told) const {
  const auto at = said_.find(question);
  require(at != said_.end() && at->second.addresses.contains(told.address),
          "the resolvers said so last");
  const Said& said = at->second;
  const seconds ttl = std::min(said.ttl, policy_->limits.max_ttl);
  const milliseconds left = std::max<milliseconds>(said.at + ttl - host_.clock().now(), {});
  const milliseconds most = said.is_failing ? limits::kStaleTtl : left + host_.commit_takes * 4;
  require(told.ttl <= most, "for no longer than they said");
}

// Asked of the resolvers in this step: behind those of the step before, of which one may be
// answered.
void Witness::check_asked() {
  const auto& asked = host_.asked();
  std::multiset<dns::Question> before(asked_.begin(), asked_.end());
  for (const dns::Question& question : asked) {
    if (const auto at = before.find(question); at != before.end()) {
      before.erase(at);
      continue;
    }
    const auto entries = entries_of(question.name);
    require(!entries.empty(), "only allowed names are asked of the resolvers");
    require(programs_.contains(question) ||
                std::ranges::any_of(entries, [](const auto* entry) { return entry->name(); }),
            "below a wildcard only what a program asked");
  }
  asked_ = asked;
}

// A table of a thousand elements takes a while to judge; without a commit it only loses some.
void Witness::check_table() {
  constexpr int kSeldom = 8;
  const bool is_same =
      std::exchange(commits_, host_.kernel().commits()) == host_.kernel().commits();
  if (is_same && !std::exchange(is_new_policy_, false) && ++unjudged_ < kSeldom) return;
  unjudged_ = 0;
  const auto table = *host_.kernel().read(engine::compile_base(host_.engine().inputs()));
  for (const nft::LiveElement& element : table.elements) check_element(element);
  check_belief(table);
}

void Witness::check_element(const nft::LiveElement& element) const {
  if (!is_of_names(element.key.set)) return;
  require(element.expires > milliseconds(0), "what DNS opens has an end");
  require(was_ever_permitted(element.key.first), "no answer opens what no entry permits");
  if (host_.engine().is_settled())
    require(is_justified(element), "an entry and an answer stand behind each element");
}

bool Witness::is_justified(const nft::LiveElement& element) const {
  const auto at = known_.find(element.key.first);
  if (at == known_.end()) return false;
  const Instant end = host_.clock().now() + element.expires;
  for (const auto& [name, latest] : at->second)
    for (const AllowEntry* entry : entries_of(name))
      if (permits(*entry, element.key.first) &&
          over(entry->transport, element.key.family()) == element.key.transport &&
          entry->ports.contains(element.key.ports.first) && end <= std::min(latest, end_of(*entry)))
        return true;
  return false;
}

// What the engine takes for acknowledged is in the kernel.
void Witness::check_belief(const nft::Snapshot& table) const {
  const nft::Ruleset* installed = host_.engine().installed();
  if (installed == nullptr) return;
  const Instant now = host_.clock().now();
  for (const auto& [key, end] : installed->elements) {
    if (end <= now) continue;
    const auto* element = find(table, key);
    require(element != nullptr, "what was acknowledged is in the table");
    require(end == kNever ? element->expires == milliseconds(0) : now + element->expires >= end,
            "until the end that was acknowledged");
  }
}

void Witness::check_notices() {
  for (; notices_ < host_.notices().size(); ++notices_) {
    const engine::Notice& notice = host_.notices()[notices_];
    if (notice.event == "commit-failed")
      require(!notice.fields[0].second.starts_with("the kernel refused element"),
              "the kernel is asked for nothing that it must refuse");
  }
}

void Witness::check_limits() const {
  const dns::NameTable& names = host_.engine().names();
  require(names.learnt_count() <= limits::kLearntNames, "learnt names");
  for (const auto& [name, state] : names.names())
    require(state.addresses.size() <= limits::kAddressesPerName, "addresses of a name");
  require(host_.guard().waiting() <= limits::kWaiting, "questions that wait");
  std::map<IpAddress, std::size_t> waiting;
  for (const Message& message : messages_)
    if (message.deserves_reply && !message.is_replied) ++waiting[message.client.address];
  for (const auto& [client, count] : waiting)
    require(count <= limits::kWaitingPerClient, "questions of one client that wait");
}

void Witness::check_all_answered() const {
  require(host_.guard().waiting() == 0, "nobody waits for ever");
  for (const Message& message : messages_)
    require(message.is_replied == message.deserves_reply, "every question has its answer");
}

}  // namespace egress::fuzz
