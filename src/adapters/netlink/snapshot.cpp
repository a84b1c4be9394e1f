#include "adapters/netlink/snapshot.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "adapters/netlink/compare.hpp"
#include "adapters/system_error.hpp"
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

// address . protocol . port, as the encoder lays it out; empty: not a key of ours.
std::optional<Endpoint> decode_key(nftnl_set_elem* element, std::uint16_t attribute) {
  std::uint32_t length = 0;
  const auto* bytes =
      static_cast<const std::uint8_t*>(nftnl_set_elem_get(element, attribute, &length));
  if (bytes == nullptr || (length != 12 && length != 24)) return std::nullopt;
  const std::size_t address_length = length - 8;
  std::array<std::uint8_t, 16> octets{};
  std::copy_n(bytes, address_length, octets.begin());
  const IpAddress address = address_length == 4
                                ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]})
                                : IpAddress::v6(octets);
  const auto* port = bytes + address_length + 4;
  return Endpoint{address, static_cast<Transport>(bytes[address_length]),
                  static_cast<Port>(port[0] << 8 | port[1])};
}

// What is left, rounded up to at least 1 ms where there is an end at all: 0 means permanent.
milliseconds expires_of(nftnl_set_elem* element) {
  if (!nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_TIMEOUT) ||
      nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_TIMEOUT) == 0) {
    return milliseconds{0};
  }
  const std::uint64_t left = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION);
  return milliseconds{std::max<std::int64_t>(1, static_cast<std::int64_t>(left))};
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
  Reader(Socket& socket, const Holder& holder) : socket_(socket), holder_(holder) {}

  // 0 or an errno; EINTR: the table changed meanwhile.
  int read(const nft::Base& expected) {
    std::uint32_t before = 0;
    std::uint32_t after = 0;
    if (const int error = read_generation(socket_, before)) return error;
    if (const int error = dump_table(socket_, table_, live_)) return error;
    if (const int error = read_sets()) return error;
    if (const int error = read_generation(socket_, after)) return error;
    if (before != after) return EINTR;
    finish(expected);
    return has_duplicates() ? EINTR : 0;
  }
  nft::Snapshot& snapshot() { return snapshot_; }

 private:
  // Sets are read by what the kernel has, not by what it should have.
  int read_sets() {
    for (const SetPtr& set : live_.sets) {
      const std::string name = nftnl_set_get_str(set.get(), NFTNL_SET_NAME);
      const auto take = taker(name, nftnl_set_get_u32(set.get(), NFTNL_SET_FLAGS));
      if (!take) continue;
      if (const int error = dump_elements(socket_, table_, name, take)) return error;
    }
    return 0;
  }

  TakeElement taker(const std::string& name, std::uint32_t flags) {
    if ((flags & NFT_SET_ANONYMOUS) != 0) {
      return [&contents = contents_[name]](nftnl_set_elem* element) {
        std::uint32_t length = 0;
        const auto* key = static_cast<const std::uint8_t*>(
            nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length));
        if (length > 0) contents.emplace_back(key, key + length);
      };
    }
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      for (const nft::Tally tally : {nft::Tally::hits, nft::Tally::refused}) {
        if (name != nft::set_name(tally, family)) continue;
        return counter(counts_of(tally));
      }
      if (name == nft::set_name(nft::SetId::probed, family)) return counter(snapshot_.probed);
      for (const nft::SetId set : {nft::SetId::allow, nft::SetId::nets, nft::SetId::resolvers}) {
        if (name != nft::set_name(set, family)) continue;
        return [this, set](nftnl_set_elem* element) {
          if (const auto decoded = decode_element(set, element)) {
            snapshot_.elements.push_back(*decoded);
          }
        };
      }
    }
    return nullptr;
  }

  static TakeElement counter(std::vector<nft::Count>& counts) {
    return [&counts](nftnl_set_elem* element) {
      const auto key = decode_key(element, NFTNL_SET_ELEM_KEY);
      if (key) counts.push_back({*key, packets_of(element)});
    };
  }

  std::vector<nft::Count>& counts_of(nft::Tally tally) {
    return tally == nft::Tally::hits ? snapshot_.hits : snapshot_.refusals;
  }

  void finish(const nft::Base& expected) {
    snapshot_.is_present = live_.is_present;
    snapshot_.refused_packets = netlink::packets_of(live_, nft::kRefusedCounter);
    snapshot_.foreign_packets = netlink::packets_of(live_, nft::kForeignCounter);
    std::sort(snapshot_.elements.begin(), snapshot_.elements.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    for (auto* counts : {&snapshot_.hits, &snapshot_.refusals, &snapshot_.probed})
      std::ranges::sort(*counts, {}, &nft::Count::destination);
    snapshot_.deviations = deviations(live_, contents_, nft::layout(expected), holder_);
  }

  // The kernel goes on with a listing by counting elements. While it still moves a hash to a larger
  // table, which it does after a large commit, the order changes in between: some elements come
  // twice and as many are missed.
  bool has_duplicates() const {
    return std::adjacent_find(snapshot_.elements.begin(), snapshot_.elements.end(),
                              [](const auto& a, const auto& b) { return a.key == b.key; }) !=
           snapshot_.elements.end();
  }

  Socket& socket_;
  const Holder holder_;
  const std::string table_{nft::kTableName};
  LiveTable live_;
  AnonymousContents contents_;
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

Result<nft::Snapshot> read_snapshot(Socket& socket, const nft::Base& expected,
                                    const Holder& holder) {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    Reader reader(socket, holder);
    const int error = reader.read(expected);
    if (error == 0) return std::move(reader.snapshot());
    if (!is_interrupted(error)) return fail_errno("reading the table back", error);
  }
  return fail("reading the table back: it changes faster than it can be read");
}

}  // namespace egress::netlink
