#include <endian.h>
#include <linux/netfilter/nf_tables.h>

#include <array>
#include <cstring>

#include "adapters/netlink/encode.hpp"

namespace egress::netlink {
namespace {

using nft::Command;
using nft::ElementKey;

// Linux 6.3; Debian 12's headers are older.
constexpr std::uint16_t kDestroySetElement = 30;

// The attribute that lists a message's elements has a 16-bit length. One element takes at most two
// 24-byte keys, a timeout and six attribute headers.
constexpr std::size_t kListRoom = 65'000;

constexpr Port kLastPort = 65'535;

// address . protocol, and but for `peers` . port, each padded to four bytes.
struct WireKey {
  std::array<std::uint8_t, 24> bytes{};
  std::size_t length = 0;

  WireKey(const IpAddress& address, Transport transport) {
    const auto octets = address.octets();
    std::memcpy(bytes.data(), octets.data(), octets.size());
    length = octets.size();
    bytes[length] = static_cast<std::uint8_t>(transport);
    length += 4;
  }
  WireKey(const IpAddress& address, Transport transport, Port port) : WireKey(address, transport) {
    bytes[length] = static_cast<std::uint8_t>(port >> 8);
    bytes[length + 1] = static_cast<std::uint8_t>(port & 0xff);
    length += 4;
  }
};

WireKey first_of(const ElementKey& key) {
  if (key.set == nft::SetId::peers) return {key.first, key.transport};
  return {key.first, key.transport, key.ports.first};
}

WireKey last_of(const ElementKey& key) {
  return {key.last, key.transport, has_ports(key.transport) ? key.ports.last : kLastPort};
}

void put_key(nlmsghdr* message, std::uint16_t type, const WireKey& key) {
  nlattr* nest = mnl_attr_nest_start(message, type);
  mnl_attr_put(message, NFTA_DATA_VALUE, key.length, key.bytes.data());
  mnl_attr_nest_end(message, nest);
}

// 10.0.0.0-10.0.0.77 . tcp . 443-500 timeout 5s
void put_element(nlmsghdr* message, const Command& command) {
  const ElementKey& key = command.key;
  nlattr* nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
  put_key(message, NFTA_SET_ELEM_KEY, first_of(key));
  if (key.set == nft::SetId::nets) put_key(message, NFTA_SET_ELEM_KEY_END, last_of(key));
  if (command.lifetime.count() > 0) {
    mnl_attr_put_u64(message, NFTA_SET_ELEM_TIMEOUT,
                     htobe64(static_cast<std::uint64_t>(command.lifetime.count())));
  }
  mnl_attr_nest_end(message, nest);
}

std::uint16_t message_type(Command::Verb verb) {
  switch (verb) {
    case Command::Verb::add:
      return NFT_MSG_NEWSETELEM;
    case Command::Verb::remove:
      return NFT_MSG_DELSETELEM;
    case Command::Verb::destroy:
      return kDestroySetElement;
  }
  return NFT_MSG_NEWSETELEM;
}

bool share_message(const Command& a, const Command& b) {
  return a.verb == b.verb && a.key.set == b.key.set && a.key.family() == b.key.family();
}

// Puts as many of the commands as belong into one message and fit; returns how many.
std::size_t put_elements(nlmsghdr* message, std::span<const Command> commands) {
  nlattr* list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
  const std::size_t start = message->nlmsg_len;
  std::size_t count = 0;
  for (const Command& command : commands) {
    if (!share_message(command, commands.front())) break;
    if (message->nlmsg_len - start > kListRoom) break;
    put_element(message, command);
    ++count;
  }
  mnl_attr_nest_end(message, list);
  return count;
}

}  // namespace

void put_element_of(nlmsghdr* message, const std::string& table, const std::string& set,
                    const ElementKey& key) {
  mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table.c_str());
  mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set.c_str());
  const Command command{.verb = Command::Verb::add, .key = key, .lifetime = {}};
  put_elements(message, {&command, 1});
}

void add_elements(Batch& batch, const std::string& table, std::span<const Command> commands) {
  while (!commands.empty()) {
    const Command& front = commands.front();
    const std::string set = nft::set_name(front.key.set, front.key.family());
    const std::uint16_t flags = front.verb == Command::Verb::add ? NLM_F_CREATE : 0;
    std::size_t count = 0;
    batch.add(message_type(front.verb), flags, {"set " + set, commands}, [&](nlmsghdr* message) {
      mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table.c_str());
      mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set.c_str());
      count = put_elements(message, commands);
    });
    commands = commands.subspan(count);
  }
}

}  // namespace egress::netlink
