#include "adapters/netlink/snapshot.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "adapters/netlink/compare.hpp"
#include "adapters/system_error.hpp"
#include "egress/core/limits.hpp"
#include "egress/nft/layout.hpp"

namespace egress::netlink {
namespace {

std::uint64_t packets_of(nftnl_set_elem* element) {
  std::uint64_t packets = 0;
  nftnl_set_elem_expr_foreach(
      element,
      [](nftnl_expr* expression, void* context) {
        if (std::string_view(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)) == "counter")
          *static_cast<std::uint64_t*>(context) =
              nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
        return 0;
      },
      &packets);
  return packets;
}

// address . protocol, and but for `peers` . port, as the encoder lays it out; empty: not a key of
// ours.
std::optional<Endpoint> decode_key(nftnl_set_elem* element, std::uint16_t attribute) {
  std::uint32_t length = 0;
  const auto* bytes =
      static_cast<const std::uint8_t*>(nftnl_set_elem_get(element, attribute, &length));
  const bool is_peer = length == 8 || length == 20;
  if (bytes == nullptr || (!is_peer && length != 12 && length != 24)) return std::nullopt;
  const std::size_t address_length = length - (is_peer ? 4 : 8);
  std::array<std::uint8_t, 16> octets{};
  std::copy_n(bytes, address_length, octets.begin());
  const IpAddress address = address_length == 4
                                ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]})
                                : IpAddress::v6(octets);
  const auto transport = static_cast<Transport>(bytes[address_length]);
  if (is_peer || !has_ports(transport)) return Endpoint{address, transport, 0};
  const auto* port = bytes + address_length + 4;
  return Endpoint{address, transport, static_cast<Port>(port[0] << 8 | port[1])};
}

// What is left, rounded up to at least 1 ms where there is an end at all: 0 means permanent. The
// kernel does not list a timeout that is the set's own.
milliseconds expires_of(nftnl_set_elem* element) {
  if (!nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION)) return milliseconds{0};
  const std::uint64_t left = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION);
  return milliseconds{std::max<std::int64_t>(1, static_cast<std::int64_t>(left))};
}

milliseconds given_to(nftnl_set_elem* element) {
  if (!nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_TIMEOUT)) return milliseconds{0};
  const std::uint64_t timeout = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_TIMEOUT);
  return milliseconds{static_cast<std::int64_t>(timeout)};
}

std::optional<nft::LiveElement> decode_element(nft::SetId set, nftnl_set_elem* element) {
  const auto first = decode_key(element, NFTNL_SET_ELEM_KEY);
  if (!first) return std::nullopt;
  const Endpoint last = decode_key(element, NFTNL_SET_ELEM_KEY_END).value_or(*first);
  return nft::LiveElement{.key = {.set = set,
                                  .first = first->address,
                                  .last = last.address,
                                  .transport = first->transport,
                                  .ports = {first->port, last.port}},
                          .expires = expires_of(element)};
}

class Reader {
 public:
  Reader(Socket& socket, const nft::Listing& listing, const Holder& holder)
      : socket_(socket), listing_(listing), holder_(holder) {}

  Result<nft::Snapshot> read(const nft::Base& expected) {
    int error = read_rules(expected);
    if (error == 0) error = read_named_sets();
    if (is_interrupted(error))
      return fail("reading the table back: it changes faster than it can be read");
    if (error != 0) return fail_errno("reading the table back", error);
    return std::move(snapshot_);
  }

 private:
  // 0 or an errno. Rules that are exactly as they should be are the truth whatever was changed: no
  // change of theirs gives them that look for a moment.
  int read_rules(const nft::Base& expected) {
    const nft::Layout layout = nft::layout(expected);
    const int error = read_steadily(socket_, [&](bool& is_sure) {
      live_ = LiveTable{};
      AnonymousContents contents;
      if (const int failed = dump_rules(contents)) return failed;
      snapshot_.deviations = deviations(live_, contents, layout, holder_);
      is_sure = snapshot_.deviations.empty();
      return 0;
    });
    if (error != 0) return error;
    snapshot_.is_present = live_.is_present;
    snapshot_.refused_packets = netlink::packets_of(live_, nft::kRefusedCounter);
    snapshot_.crowded_packets = netlink::packets_of(live_, nft::kCrowdedCounter);
    snapshot_.foreign_packets = netlink::packets_of(live_, nft::kForeignCounter);
    return 0;
  }

  int dump_rules(AnonymousContents& contents) {
    if (const int error = dump_table(socket_, table_, live_)) return error;
    for (const SetPtr& set : live_.sets) {
      if ((nftnl_set_get_u32(set.get(), NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS) == 0) continue;
      const std::string name = nftnl_set_get_str(set.get(), NFTNL_SET_NAME);
      const auto take = [&content = contents[name]](nftnl_set_elem* element) {
        std::uint32_t length = 0;
        const auto* key = static_cast<const std::uint8_t*>(
            nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length));
        if (length > 0) content.emplace_back(key, key + length);
      };
      if (const int error = dump_elements(socket_, table_, name, take)) return error;
    }
    return 0;
  }

  // Sets are read by what the kernel has, not by what it should have.
  int read_named_sets() {
    for (const SetPtr& set : live_.sets) {
      const std::string name = nftnl_set_get_str(set.get(), NFTNL_SET_NAME);
      for (const Family family : kFamilies)
        if (const int error = read_named_set(name, family)) return error;
    }
    return 0;
  }

  int read_named_set(const std::string& name, Family family) {
    if (listing_.hits && name == nft::set_name(nft::Tally::hits, family))
      return read_counts(name, snapshot_.hits);
    if (listing_.refusals && name == nft::set_name(nft::Tally::refused, family))
      return read_counts(name, snapshot_.refusals);
    if (listing_.refusals && name == nft::set_name(nft::SetId::probed, family))
      return read_counts(name, snapshot_.probed);
    if (listing_.refusals && name == nft::set_name(nft::SetId::verified, family))
      return read_counts(name, snapshot_.verified);
    if (!listing_.elements) return 0;
    for (const nft::SetId set :
         {nft::SetId::allow, nft::SetId::peers, nft::SetId::nets, nft::SetId::resolvers,
          nft::SetId::boot})
      if (name == nft::set_name(set, family)) return read_elements_of(name, set);
    return 0;
  }

  // Counts change all the while; a set that has gone meanwhile has none.
  int read_counts(const std::string& name, std::vector<nft::Count>& counts) {
    const int error = dump_elements(socket_, table_, name, [&](nftnl_set_elem* element) {
      const auto key = decode_key(element, NFTNL_SET_ELEM_KEY);
      if (key) counts.push_back({*key, packets_of(element), expires_of(element)});
    });
    std::ranges::sort(counts, {}, &nft::Count::destination);
    const auto twice = std::ranges::unique(counts, {}, &nft::Count::destination);
    counts.erase(twice.begin(), twice.end());
    return error == ENOENT ? 0 : error;
  }

  // Until it is read without a change; if that does not succeed, all that was seen.
  int read_elements_of(const std::string& name, nft::SetId set) {
    std::vector<nft::LiveElement> seen;
    for (int attempt = 0; attempt < kElementAttempts; ++attempt) {
      std::vector<nft::LiveElement> found;
      (void)socket_.take_interruption();
      const int error = dump_elements(socket_, table_, name, [&](nftnl_set_elem* element) {
        if (auto decoded = decode_element(set, element))
          found.push_back(as_of_start(*decoded, given_to(element)));
      });
      if (error != 0) return is_interrupted(error) ? EINTR : error;
      const bool had_duplicates = sort(found);
      if (!socket_.take_interruption() && !had_duplicates) {
        seen = std::move(found);
        break;
      }
      std::ranges::move(found, std::back_inserter(seen));
      sort(seen);
    }
    std::ranges::move(seen, std::back_inserter(snapshot_.elements));
    std::ranges::sort(snapshot_.elements, {}, &nft::LiveElement::key);
    return 0;
  }

  // What is left of it was told just now, and is to count from the beginning.
  nft::LiveElement as_of_start(nft::LiveElement element, milliseconds given) const {
    if (element.expires == milliseconds{0}) return element;
    const auto since = std::chrono::steady_clock::now() - start_;
    element.expires =
        std::min(given, element.expires + std::chrono::duration_cast<milliseconds>(since));
    return element;
  }

  // True if some came twice. The kernel goes on with a listing by counting elements. While it still
  // moves a hash to a larger table, which it does after a large commit, the order changes in
  // between: some elements come twice and as many are missed.
  static bool sort(std::vector<nft::LiveElement>& elements) {
    std::ranges::sort(elements, {}, &nft::LiveElement::key);
    const auto twice = std::ranges::unique(elements, {}, &nft::LiveElement::key);
    const bool had_duplicates = !twice.empty();
    elements.erase(twice.begin(), twice.end());
    return had_duplicates;
  }

  static constexpr int kElementAttempts = 3;

  Socket& socket_;
  const Socket::GoesOn goes_on_{socket_};
  const nft::Listing listing_;
  const Holder holder_;
  const std::string table_{nft::kTableName};
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  LiveTable live_;
  nft::Snapshot snapshot_;
};

}  // namespace

int read_elements(Socket& socket, const std::string& table, nft::SetId set, Family family,
                  std::vector<nft::LiveElement>& elements) {
  const auto take = [&](nftnl_set_elem* element) {
    if (const auto decoded = decode_element(set, element)) elements.push_back(*decoded);
  };
  const int error = dump_elements(socket, table, nft::set_name(set, family), take);
  std::ranges::sort(elements, {}, &nft::LiveElement::key);
  return error;
}

int read_remembered(Socket& socket, const std::string& table, std::vector<nft::Count>& found) {
  const Socket::GoesOn goes_on(socket);
  for (const Family family : kFamilies) {
    const std::string set = nft::set_name(nft::SetId::refused, family);
    const int error = dump_elements(socket, table, set, [&](nftnl_set_elem* element) {
      const auto key = decode_key(element, NFTNL_SET_ELEM_KEY);
      if (key) found.push_back({*key, packets_of(element), expires_of(element)});
    });
    if (error != 0 && error != ENOENT) return error;
  }
  (void)socket.take_interruption();
  return 0;
}

// That they were noted is told as of the past for what was asked, and of the present for what was
// heard: a slow listing makes no question a lost one.
int read_questions(Socket& socket, const std::string& table, std::vector<nft::LinkNoted>& asked,
                   std::vector<nft::LinkNoted>& heard) {
  const Socket::GoesOn goes_on(socket);
  const auto start = std::chrono::steady_clock::now();
  const auto read = [&](nft::QuestionAt end, std::vector<nft::LinkNoted>& found) {
    const int error = dump_elements(socket, table, set_name(end), [&](nftnl_set_elem* element) {
      std::uint32_t length = 0;
      const auto* name =
          static_cast<const char*>(nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length));
      found.push_back({std::string(name, strnlen(name, length)), expires_of(element)});
    });
    return error == ENOENT ? 0 : error;
  };
  if (const int error = read(nft::QuestionAt::asked, asked)) return error;
  if (const int error = read(nft::QuestionAt::heard, heard)) return error;
  const auto took = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - start);
  for (nft::LinkNoted& link : heard) link.ends += took;
  (void)socket.take_interruption();
  return 0;
}

std::optional<milliseconds> read_last_hit(Socket& socket, const std::string& table,
                                          const Endpoint& destination) {
  const std::string set = nft::set_name(nft::Tally::hits, destination.address.family());
  const auto key = nft::ElementKey::endpoint(nft::SetId::allow, destination);
  std::optional<milliseconds> since;
  const int error = find_element(socket, table, set, key, [&](nftnl_set_elem* element) {
    since = limits::kHitMemory - expires_of(element);
  });
  return error == 0 ? since : std::nullopt;
}

Result<nft::Snapshot> read_snapshot(Socket& socket, const nft::Base& expected,
                                    const nft::Listing& listing, const Holder& holder) {
  return Reader(socket, listing, holder).read(expected);
}

Result<nft::FrameSnapshot> read_frame_snapshot(Socket& socket, const nft::FrameFilter& expected,
                                               const Holder& holder) {
  const nft::Layout layout = nft::layout(expected);
  nft::FrameSnapshot snapshot;
  const int error = read_steadily(socket, [&](bool& is_sure) {
    LiveTable live{.family = NFPROTO_NETDEV};
    if (const int failed = dump_table(socket, std::string(nft::kTableName), live)) return failed;
    snapshot = {.refused = packets_of(live, nft::kRefusedCounter),
                .deviations = deviations(live, {}, layout, holder)};
    is_sure = snapshot.deviations.empty();
    return 0;
  });
  if (error != 0) return fail_errno("reading the frame filter back", error);
  return snapshot;
}

}  // namespace egress::netlink
