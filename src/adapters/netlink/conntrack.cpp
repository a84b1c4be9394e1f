#include "adapters/netlink/conntrack.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "adapters/netlink/conntrack_message.hpp"
#include "adapters/system_error.hpp"

namespace egress::netlink {
namespace {

// A listing that a change of the connection table interrupted starts over.
constexpr int kListings = 10;

// Where the connection goes is where its replies come from: after destination NAT, as the filter
// hooks see it. Empty also for egressd's own questions.
std::optional<nft::Flow> flow_of(const Attributes<CTA_MAX>& entry) {
  if (ntohs(number_in<std::uint16_t>(entry[CTA_ZONE]).value_or(0)) == nft::kOwnZone)
    return std::nullopt;
  const auto original = read_tuple(entry[CTA_TUPLE_ORIG]);
  const auto reply = read_tuple(entry[CTA_TUPLE_REPLY]);
  if (!original || !reply) return std::nullopt;
  const seconds left(ntohl(number_in<std::uint32_t>(entry[CTA_TIMEOUT]).value_or(0)));
  Endpoint destination = reply->source;
  if (!has_ports(destination.transport)) destination.port = original->destination.port;
  return nft::Flow{original->source.address, destination, left, original->destination.port};
}

// One listing of both families. 0 or an errno.
int list(Socket& socket, const std::function<void(const nlmsghdr&)>& take) {
  Message buffer(256);
  return socket.ask(start(buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC), take);
}

struct Order {
  Message message;
  bool is_counted = true;
};
// The order for a listed connection; empty: it is left alone.
using Choose = std::function<std::optional<Order>(const nlmsghdr&)>;

// Lists the connections and carries out what was chosen. How many.
Result<std::size_t> for_each_flow(Socket& socket, const Choose& choose) {
  std::size_t count = 0;
  for (int attempt = 0; attempt < kListings; ++attempt) {
    std::vector<Order> orders;
    const int interrupted = list(socket, [&](const nlmsghdr& listed) {
      if (auto order = choose(listed)) orders.push_back(std::move(*order));
    });
    if (interrupted != 0 && interrupted != EINTR) {
      return fail_errno("listing tracked connections", interrupted);
    }
    for (auto& [message, is_counted] : orders) {
      const int error = socket.ask(header_of(message), [](auto&) {});
      if (error == 0 && is_counted) ++count;
      // ENOENT: it ended by itself.
      if (error != 0 && error != ENOENT) return fail_errno("changing a tracked connection", error);
    }
    if (interrupted == 0) return count;
  }
  return fail("listing tracked connections: they change faster than they can be read");
}

}  // namespace

// What is over is marked, too: a program may open it again from the same port.
Result<std::size_t> cut_flows(Socket& socket,
                              const std::function<bool(const nft::Flow&)>& selects) {
  return for_each_flow(socket, [&](const nlmsghdr& listed) -> std::optional<Order> {
    const auto entry = top_level(listed);
    const auto flow = is_cut(entry) ? std::nullopt : flow_of(entry);
    if (!flow || !selects(*flow)) return std::nullopt;
    return Order{marking(listed), !is_over(entry)};
  });
}

Result<std::size_t> forget_flows(Socket& socket,
                                 const std::function<bool(const nft::Flow&)>& selects) {
  return for_each_flow(socket, [&](const nlmsghdr& listed) -> std::optional<Order> {
    const auto flow = flow_of(top_level(listed));
    if (!flow || !selects(*flow)) return std::nullopt;
    return Order{deletion(listed)};
  });
}

Result<nft::FlowCount> count_flows(Socket& socket) {
  nft::FlowCount count;
  Message buffer(256);
  const int error = socket.ask(
      start(buffer, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, AF_UNSPEC), [&](const nlmsghdr& answer) {
        for_each_attribute(answer, sizeof(nfgenmsg), [&](const nlattr& attribute) {
          const std::uint32_t number = ntohl(number_in<std::uint32_t>(&attribute).value_or(0));
          const std::uint16_t type = mnl_attr_get_type(&attribute);
          if (type == CTA_STATS_GLOBAL_ENTRIES) count.tracked = number;
          if (type == CTA_STATS_GLOBAL_MAX_ENTRIES) count.most = number;
        });
      });
  if (error != 0) return fail_errno("counting tracked connections", error);
  return count;
}

// The statistics need the same right and the same module as the listing, which on a busy host is
// long.
bool can_list_flows(Socket& socket) {
  return count_flows(socket).has_value();
}

}  // namespace egress::netlink
