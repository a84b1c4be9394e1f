#include "egress/dns/known_address.hpp"

#include <string_view>

namespace egress::dns {
namespace {

constexpr std::size_t kUsualName = 32;  // octets

std::size_t with_some_to_spare(std::size_t count) {
  return count + count / 8;
}

}  // namespace

KnownAddressPack::KnownAddressPack(const std::vector<KnownAddress>& known) {
  for (const KnownAddress& one : known) add(one.name, one.address, one.expires, one.is_learnt);
}

void KnownAddressPack::reserve(std::size_t names, std::size_t addresses) {
  names_.reserve(with_some_to_spare(names) * kUsualName);
  entries_.reserve(with_some_to_spare(addresses));
}

void KnownAddressPack::add(const DnsName& name, const IpAddress& address, WallTime expires,
                           bool is_learnt) {
  const std::string& text = name.text();
  const bool is_same =
      !entries_.empty() && std::string_view(names_).substr(entries_.back().name_at) == text;
  const std::size_t at = is_same ? entries_.back().name_at : names_.size();
  if (!is_same) names_ += text;
  entries_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint8_t>(text.size()),
                      is_learnt, address, expires});
}

std::vector<KnownAddress> KnownAddressPack::unpack() const {
  std::vector<KnownAddress> known;
  known.reserve(entries_.size());
  for (const Entry& entry : entries_)
    known.push_back(
        {*DnsName::parse(std::string_view(names_).substr(entry.name_at, entry.name_size)),
         entry.address, entry.expires, entry.is_learnt});
  return known;
}

}  // namespace egress::dns
