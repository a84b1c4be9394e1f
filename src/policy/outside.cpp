#include "egress/policy/outside.hpp"

#include <algorithm>
#include <set>

#include "egress/core/address_class.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "policy/reader.hpp"

namespace egress::policy {
namespace {

constexpr Form kFile{"a list of outside hosts", "a map with hosts, resolvers, doh, inside-names"};
constexpr Form kHosts{"a list of hosts", "at least two, each {name: ..., v4: ..., v6: ...}"};
constexpr Form kHost{"a host", "{name: example.com, v4: 192.0.2.1, v6: \"2001:db8::1\"}"};
constexpr Form kDohHosts{"a list of hosts", "at least one, {name: ..., addresses: [...]}"};
constexpr Form kDohHost{"a host", "{name: dns.example, addresses: [192.0.2.1]}"};
constexpr Form kResolvers{"a list of addresses", "at least one of each family"};
constexpr Form kNames{"a list of names", "at least one"};
constexpr Form kName{"a name", "a host name in full"};
constexpr Form kAddress{
    "an address",
    "one that another host may have, not loopback, link-local, multicast or metadata"};
constexpr Form kV4{"an IPv4 address", kAddress.accepted};
constexpr Form kV6{"an IPv6 address", kAddress.accepted};

Result<DnsName> parse_name(std::string_view text) {
  if (auto name = DnsName::parse(text)) return std::move(*name);
  return fail(quoted(text) + " is not a name; accepted: " + std::string(kName.accepted));
}

Result<IpAddress> parse_address(std::string_view text, const Form& form,
                                std::optional<Family> family) {
  const auto address = IpAddress::parse(text);
  if (!address || (family && address->family() != *family))
    return fail(quoted(text) + " is not " + std::string(form.noun) +
                "; accepted: " + std::string(form.accepted));
  const AddressClass kind = classify(*address);
  if (kind != AddressClass::unicast && kind != AddressClass::private_use)
    return fail(quoted(text) + " is no host's outside; accepted: " + std::string(form.accepted));
  return *address;
}

class OutsideReader {
 public:
  explicit OutsideReader(Reader& reader) : reader_(reader) {}

  Outside read(const Node& document, Outside outside) {
    Keys keys(document, kFile, reader_);
    const Node* own_hosts = keys.find("hosts");
    const Node* own_resolvers = keys.find("resolvers");
    const Node* own_doh = keys.find("doh");
    if (own_hosts != nullptr) {
      if (own_resolvers == nullptr)
        staying_.insert(outside.resolvers.begin(), outside.resolvers.end());
      if (own_doh == nullptr) add_all(outside.doh, staying_);
      outside.hosts = hosts(*own_hosts);
      staying_.clear();
    } else {
      add_all(outside.hosts, staying_);
    }
    if (own_resolvers != nullptr) outside.resolvers = resolvers(*own_resolvers);
    if (own_doh != nullptr) outside.doh = doh(*own_doh);
    if (const Node* node = keys.find("inside-names")) outside.inside_names = names(*node);
    keys.refuse_unknown();
    return outside;
  }

 private:
  static void add_all(const std::vector<OutsideHost>& hosts, std::set<IpAddress>& addresses) {
    for (const OutsideHost& one : hosts)
      addresses.insert(one.addresses.begin(), one.addresses.end());
  }

  // The items, of which there may be only so many.
  const std::vector<Node>& items(const Node& node, const Form& form) {
    const std::vector<Node>& all = reader_.list(node, form);
    if (all.size() > limits::kProofOutsiders)
      reader_.refuse(node.place, std::to_string(all.size()) + " are too many; accepted: at most " +
                                     std::to_string(limits::kProofOutsiders));
    return all;
  }

  void add_name(const Node* node, std::vector<DnsName>& names) {
    if (node == nullptr) return;
    if (auto name = reader_.parsed(*node, kName, parse_name)) names.push_back(std::move(*name));
  }

  // Each host's once, since what two probes see at one address could not be told apart.
  void add_address(const Node* node, const Form& form, std::optional<Family> family,
                   std::vector<IpAddress>& addresses) {
    if (node == nullptr) return;
    const auto parse = [&](std::string_view text) { return parse_address(text, form, family); };
    const auto address = reader_.parsed(*node, form, parse);
    if (!address) return;
    if (std::ranges::find(addresses, *address) != addresses.end() || seen_.contains(*address))
      reader_.refuse(node->place, address->text() + " stands here already; accepted: once");
    else if (staying_.contains(*address))
      reader_.refuse(node->place, address->text() +
                                      " stands in a list that is built in; accepted: another "
                                      "address, or that list in this file as well");
    addresses.push_back(*address);
  }

  std::vector<IpAddress> addresses_of(const Node& node, const Form& form) {
    std::vector<IpAddress> all;
    for (const Node& item : items(node, form)) add_address(&item, kAddress, {}, all);
    need(!node.list.empty(), node, form);
    return all;
  }

  // Its name and addresses; empty after a problem.
  std::vector<OutsideHost> host(const Node& node, const Form& form, bool has_list) {
    Keys keys(node, form, reader_);
    std::vector<DnsName> name;
    std::vector<IpAddress> addresses;
    add_name(keys.require("name", form), name);
    if (has_list) {
      const Node* list = keys.require("addresses", form);
      if (list != nullptr) addresses = addresses_of(*list, form);
    } else {
      add_address(keys.require("v4", form), kV4, Family::ipv4, addresses);
      add_address(keys.require("v6", form), kV6, Family::ipv6, addresses);
    }
    keys.refuse_unknown();
    if (name.empty() || addresses.empty()) return {};
    return {{std::move(name.front()), std::move(addresses)}};
  }

  std::vector<OutsideHost> hosts(const Node& node) {
    std::vector<OutsideHost> all;
    for (const Node& item : items(node, kHosts)) {
      for (OutsideHost& one : host(item, kHost, false)) {
        seen_.insert(one.addresses.begin(), one.addresses.end());
        all.push_back(std::move(one));
      }
    }
    need(node.list.size() >= 2, node, kHosts);
    return all;
  }

  std::vector<OutsideHost> doh(const Node& node) {
    std::vector<OutsideHost> all;
    for (const Node& item : items(node, kDohHosts))
      for (OutsideHost& one : host(item, kDohHost, true)) all.push_back(std::move(one));
    need(!node.list.empty(), node, kDohHosts);
    return all;
  }

  std::vector<IpAddress> resolvers(const Node& node) {
    std::vector<IpAddress> all = addresses_of(node, kResolvers);
    const auto has = [&](Family family) {
      return std::ranges::find(all, family, &IpAddress::family) != all.end();
    };
    const bool is_whole = !all.empty() && all.size() == node.list.size();
    need(!is_whole || (has(Family::ipv4) && has(Family::ipv6)), node, kResolvers);
    return all;
  }

  std::vector<DnsName> names(const Node& node) {
    std::vector<DnsName> all;
    for (const Node& item : items(node, kNames)) add_name(&item, all);
    need(!node.list.empty(), node, kNames);
    return all;
  }

  // Items that are wrong count: where something else is to be mended, too few is no news.
  void need(bool is_enough, const Node& node, const Form& form) {
    if (!is_enough && is_list(node))
      reader_.refuse(node.place, "too few; accepted: " + std::string(form.accepted));
  }
  static bool is_list(const Node& node) { return node.kind == Node::Kind::list; }

  Reader& reader_;
  std::set<IpAddress> seen_;     // of the hosts
  std::set<IpAddress> staying_;  // of built-in lists that the file leaves out
};

}  // namespace

tl::expected<Outside, Problems> parse_outside(const Node& document, Outside built_in) {
  Problems problems;
  Reader reader(problems);
  Outside outside = OutsideReader(reader).read(document, std::move(built_in));
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return outside;
}

}  // namespace egress::policy
