#include "adapters/cares/cares_resolver.hpp"

#include <ares.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <map>
#include <string>
#include <utility>

#include "adapters/cares/channel.hpp"
#include "adapters/cares/detour.hpp"
#include "adapters/file_descriptor.hpp"
#include "adapters/system_error.hpp"
#include "egress/core/limits.hpp"

namespace egress::cares {
namespace {

using Channels = std::vector<std::unique_ptr<Channel>>;

using Indices = std::vector<std::size_t>;  // of resolvers

struct Lookup {
  dns::Question question;
  dns::Question asked_for{};  // where its aliases lead to other resolvers: the last target
  Detour detour{};
  dns::Status failure = dns::Status::unreachable;  // the most telling so far
  Indices order{};                                 // in which the resolvers are asked
  std::size_t tries = 0;
  std::size_t asked = 0;                              // the resolver of the try under way
  std::bitset<limits::kResolversInAll> has_spoken{};  // resolvers that need not be tried again
};

bool is_final(dns::Status status) {
  return status == dns::Status::ok || status == dns::Status::nodata ||
         status == dns::Status::nxdomain;
}

// Whether the resolver itself has said something about the question. c-ares ends all that is under
// way at a resolver when a connection to it breaks, which another question's large answer may have
// made.
bool is_word(dns::Status status) {
  return status != dns::Status::timeout && status != dns::Status::unreachable;
}

// Whether a resolver that comes first still speaks, which decides who is asked first.
struct Standing {
  static constexpr int kSilences = 2;    // one alone may be a datagram that was lost
  int silences = 0;                      // tries without a word, since its last
  std::optional<std::uint64_t> probe{};  // a question under way that only finds out

  bool is_silent() const { return silences >= kSilences; }
};

void count(ResolverTally& tally, dns::Status status) {
  if (is_final(status)) {
    ++tally.answers;
    tally.failures_since = 0;
    return;
  }
  ++tally.failures;
  ++tally.failures_since;
  tally.last_failure = status;
}

// dns::Status lists failures from the most to the least telling.
dns::Status more_telling(dns::Status a, dns::Status b) {
  return std::min(a, b);
}

}  // namespace

class CaresResolver::State {
 public:
  State(FileDescriptor epoll, Deliver deliver, std::optional<OwnKey> key)
      : epoll_(std::move(epoll)), deliver_(std::move(deliver)), key_(key) {}

  int fd() const { return epoll_.get(); }
  Result<void> set_resolvers(const policy::Resolvers& resolvers);
  void ask(const dns::Question& question);
  std::optional<milliseconds> wait() const;
  void dispatch();
  const std::vector<ResolverTally>& tallies() const { return tallies_; }

 private:
  Result<Channels> open_channels(const std::vector<policy::ResolverAddress>& resolvers);
  Indices indices_of(const DnsName& name) const;
  Lookup begun(const dns::Question& question) const;
  void probe_silent(const dns::Question& question);
  bool is_skipped(const Lookup& lookup, std::size_t resolver) const;
  void start_again(std::uint64_t id, Lookup& lookup, const Lookup& with);
  void finish(std::uint64_t id, const Lookup& lookup, dns::Answer answer);
  void try_next(std::uint64_t id, Lookup& lookup);
  void note(std::size_t resolver, dns::Status status);
  bool take_probe(const Reply& reply);
  void take(Reply reply);
  void process_sockets();

  FileDescriptor epoll_;
  Deliver deliver_;
  std::optional<OwnKey> key_;
  SourcePorts ports_;
  policy::Resolvers resolvers_;
  std::vector<policy::ResolverAddress> addresses_;  // all of them, once
  std::vector<ResolverTally> tallies_;              // of these
  std::vector<Standing> standings_;                 // of these
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, Lookup> lookups_;
  std::vector<Reply> replies_;         // ended tries, not yet looked at
  std::vector<dns::Answer> finished_;  // answers, not yet delivered
  Channels channels_;                  // last: on destruction they still use the epoll
};

Result<Channels> CaresResolver::State::open_channels(
    const std::vector<policy::ResolverAddress>& resolvers) {
  if (resolvers.size() > limits::kResolversInAll)
    return fail("more than " + std::to_string(limits::kResolversInAll) + " resolvers");
  Channels channels;
  for (const auto& resolver : resolvers) {
    const auto tag = static_cast<std::uint32_t>(channels.size());
    auto channel = Channel::open(resolver, {epoll_.get(), &replies_, key_, &ports_}, tag);
    if (!channel) return tl::unexpected(channel.error());
    channels.push_back(std::move(*channel));
  }
  return channels;
}

Result<void> CaresResolver::State::set_resolvers(const policy::Resolvers& resolvers) {
  if (resolvers == resolvers_) return {};
  const auto addresses = resolvers.all();
  auto channels = open_channels(addresses);
  if (!channels) return tl::unexpected(channels.error());
  channels_ = std::move(*channels);
  resolvers_ = resolvers;
  addresses_ = addresses;
  tallies_.clear();
  for (const auto& resolver : addresses_) tallies_.push_back({.resolver = resolver.text()});
  standings_.assign(addresses_.size(), {});
  replies_.clear();
  for (auto it = lookups_.begin(); it != lookups_.end();) {
    auto& [id, lookup] = *it++;  // it may be erased
    start_again(id, lookup, begun(lookup.question));
  }
  return {};
}

void CaresResolver::State::ask(const dns::Question& question) {
  const auto id = next_id_++;
  try_next(id, lookups_.emplace(id, begun(question)).first->second);
  probe_silent(question);
}

Indices CaresResolver::State::indices_of(const DnsName& name) const {
  Indices indices;
  for (const policy::ResolverAddress& resolver : resolvers_.of(name))
    indices.push_back(
        static_cast<std::size_t>(std::ranges::find(addresses_, resolver) - addresses_.begin()));
  return indices;
}

// The resolvers of its zone, as they were given, but those that fell silent last.
Lookup CaresResolver::State::begun(const dns::Question& question) const {
  Lookup lookup{.question = question, .asked_for = question, .order = indices_of(question.name)};
  std::ranges::stable_partition(
      lookup.order, [this](std::size_t resolver) { return !standings_[resolver].is_silent(); });
  return lookup;
}

void CaresResolver::State::start_again(std::uint64_t id, Lookup& lookup, const Lookup& with) {
  lookup = with;
  try_next(id, lookup);
}

// One question at a time goes to each silent resolver of its zone as well, so that it comes first
// again as soon as it speaks. Nobody waits for these. Where all are silent, the question itself
// finds out.
void CaresResolver::State::probe_silent(const dns::Question& question) {
  const Indices resolvers = indices_of(question.name);
  const auto is_silent = [this](std::size_t resolver) { return standings_[resolver].is_silent(); };
  if (std::ranges::all_of(resolvers, is_silent)) return;
  for (const std::size_t resolver : resolvers) {
    Standing& standing = standings_[resolver];
    if (!standing.is_silent() || standing.probe) continue;
    standing.probe = next_id_++;
    channels_[resolver]->query(*standing.probe, question);
  }
}

// Who has spoken has nothing to add, and a silent resolver is worth waiting for only where no other
// has spoken.
bool CaresResolver::State::is_skipped(const Lookup& lookup, std::size_t resolver) const {
  return lookup.has_spoken.test(resolver) ||
         (standings_[resolver].is_silent() && lookup.has_spoken.any());
}

// Starts the next try, or ends the lookup when none is left.
void CaresResolver::State::try_next(std::uint64_t id, Lookup& lookup) {
  while (lookup.tries < lookup.order.size() * kTriesPerResolver) {
    lookup.asked = lookup.order[lookup.tries++ % lookup.order.size()];
    if (is_skipped(lookup, lookup.asked)) continue;
    channels_[lookup.asked]->query(id, lookup.asked_for);
    return;
  }
  finish(id, lookup, {lookup.question, lookup.failure, {}, {}, {}});
}

void CaresResolver::State::finish(std::uint64_t id, const Lookup& lookup, dns::Answer answer) {
  finished_.push_back(lookup.detour.joined(lookup.question, std::move(answer)));
  lookups_.erase(id);
}

void CaresResolver::State::note(std::size_t resolver, dns::Status status) {
  count(tallies_[resolver], status);
  Standing& standing = standings_[resolver];
  standing.silences = is_word(status) ? 0 : std::min(standing.silences + 1, Standing::kSilences);
}

bool CaresResolver::State::take_probe(const Reply& reply) {
  const auto probed = std::ranges::find(standings_, std::optional(reply.lookup), &Standing::probe);
  if (probed == standings_.end()) return false;
  probed->probe.reset();
  note(static_cast<std::size_t>(probed - standings_.begin()), reply.answer.status);
  return true;
}

void CaresResolver::State::take(Reply reply) {
  if (take_probe(reply)) return;
  const auto found = lookups_.find(reply.lookup);
  if (found == lookups_.end()) return;
  Lookup& lookup = found->second;
  note(lookup.asked, reply.answer.status);
  if (is_final(reply.answer.status)) {
    if (const auto target = lookup.detour.follow(reply.answer, resolvers_)) {
      Lookup next = begun({*target, lookup.question.family, lookup.question.records});
      next.question = lookup.question;
      next.detour = lookup.detour;
      return start_again(found->first, lookup, next);
    }
    reply.answer.resolver = tallies_[lookup.asked].resolver;
    return finish(found->first, lookup, std::move(reply.answer));
  }
  lookup.failure = more_telling(lookup.failure, reply.answer.status);
  if (is_word(reply.answer.status)) lookup.has_spoken.set(lookup.asked);
  try_next(found->first, lookup);
}

std::optional<milliseconds> CaresResolver::State::wait() const {
  if (!replies_.empty() || !finished_.empty()) return milliseconds(0);
  std::optional<milliseconds> shortest;
  for (const auto& channel : channels_) {
    const auto wait = channel->wait();
    if (wait && (!shortest || *wait < *shortest)) shortest = wait;
  }
  return shortest;
}

void CaresResolver::State::process_sockets() {
  std::array<epoll_event, 64> events{};
  const int ready =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), /*timeout=*/0);
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    channels_[event.data.u64 >> 32U]->process(static_cast<int>(event.data.u64 & 0xFFFF'FFFFU),
                                              event.events);
  }
  for (const auto& channel : channels_) channel->expire();
}

void CaresResolver::State::dispatch() {
  process_sockets();
  while (!replies_.empty()) {
    auto replies = std::exchange(replies_, {});
    for (auto& reply : replies) take(std::move(reply));
  }
  for (auto& answer : std::exchange(finished_, {})) deliver_(std::move(answer));
}

CaresResolver::CaresResolver(std::unique_ptr<State> state) : state_(std::move(state)) {}

CaresResolver::~CaresResolver() {
  state_.reset();
  ares_library_cleanup();
}

Result<std::unique_ptr<CaresResolver>> CaresResolver::open(const policy::Resolvers& resolvers,
                                                           Deliver deliver,
                                                           std::optional<OwnKey> key) {
  FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return fail_errno("epoll_create1");
  const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) return fail(std::string("c-ares: ") + ares_strerror(status));
  std::unique_ptr<CaresResolver> resolver(
      new CaresResolver(std::make_unique<State>(std::move(epoll), std::move(deliver), key)));
  auto set = resolver->set_resolvers(resolvers);
  if (!set) return tl::unexpected(set.error());
  return resolver;
}

Result<void> CaresResolver::set_resolvers(const policy::Resolvers& resolvers) {
  return state_->set_resolvers(resolvers);
}
void CaresResolver::ask(const dns::Question& question) {
  state_->ask(question);
}
const std::vector<ResolverTally>& CaresResolver::tallies() const {
  return state_->tallies();
}
int CaresResolver::fd() const {
  return state_->fd();
}
std::optional<milliseconds> CaresResolver::wait() const {
  return state_->wait();
}
void CaresResolver::dispatch() {
  state_->dispatch();
}

}  // namespace egress::cares
