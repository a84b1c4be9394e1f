// What holds whatever comes back over netlink: a commit counts as made only with the kernel's word,
// and what is listed leads to orders about exactly that.
//
// Acknowledgements and tracked connections, which egressd reads by itself. Tables are read by
// libnftnl, which ends the process on an attribute that it does not understand.
//
// The two functions of libmnl through which octets come and go are replaced here; nothing reaches a
// kernel.
//
// Input: an octet that chooses what is asked, then the datagrams that come back, each an octet of
// flags, its length and its octets. When none is left nothing comes any more.
#include <arpa/inet.h>
#include <netinet/in.h>
// in this order
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <set>
#include <vector>

#include "adapters/netlink/commit.hpp"
#include "adapters/netlink/conntrack.hpp"
#include "adapters/netlink/encode.hpp"
#include "fuzz/input.hpp"

namespace egress::netlink {
namespace {

using fuzz::Input;
using fuzz::require;
using fuzz::Span;

std::uint32_t first_sequence(Span messages) {
  return reinterpret_cast<const nlmsghdr*>(messages.data())->nlmsg_seq;
}

// What was sent last and what came back since.
class Wire {
 public:
  explicit Wire(Input input) : input_(input) {}

  void send(Span messages) {
    sent_.emplace_back(messages.begin(), messages.end());
    acknowledged_.clear();
    refused_.clear();
  }

  // The next datagram; -1 with errno set.
  ssize_t receive(std::span<std::uint8_t> room) {
    if (input_.empty()) return failed(EAGAIN);
    const unsigned flags = input_.octet();
    if (flags >= kFails) return failed(kErrors[flags % std::size(kErrors)]);
    const Span octets = input_.take(std::min<std::size_t>(input_.u16(), room.size()));
    ASAN_UNPOISON_MEMORY_REGION(room.data(), room.size());
    std::ranges::copy(octets, room.begin());
    ASAN_POISON_MEMORY_REGION(room.data() + octets.size(), room.size() - octets.size());
    see(room.first(octets.size()), (flags & kIsAnswer) != 0);
    return static_cast<ssize_t>(octets.size());
  }

  const std::vector<std::vector<std::uint8_t>>& sent() const { return sent_; }
  bool has_acknowledged(std::uint32_t sequence) const { return acknowledged_.contains(sequence); }
  bool has_refused() const { return !refused_.empty(); }

 private:
  static constexpr unsigned kIsAnswer =
      1;  // to what was sent last: its sequence numbers are made to fit
  static constexpr unsigned kFails = 250;
  static constexpr int kErrors[] = {EAGAIN, ENOBUFS, ENOSPC, EINVAL};

  static int failed(int error) {
    errno = error;
    return -1;
  }

  void see(std::span<std::uint8_t> datagram, bool is_answer) {
    auto* message = reinterpret_cast<nlmsghdr*>(datagram.data());
    int left = static_cast<int>(datagram.size());
    for (; is_next(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (is_answer && !sent_.empty()) {
        message->nlmsg_seq += first_sequence(sent_.back());
        message->nlmsg_pid = 0;
      }
      if (message->nlmsg_type == NLMSG_ERROR) note(*message);
    }
  }

  // libmnl takes a length of 2 GiB for one that fits. No kernel sends that.
  static bool is_next(nlmsghdr* message, int left) {
    if (left < static_cast<int>(sizeof *message)) return false;
    if (message->nlmsg_len > INT_MAX) message->nlmsg_len = 0;
    return mnl_nlmsg_ok(message, left);
  }

  void note(nlmsghdr& message) {
    auto* body = static_cast<nlmsgerr*>(mnl_nlmsg_get_payload(&message));
    if (mnl_nlmsg_get_payload_len(&message) < sizeof *body) return;
    constexpr int kMaxErrno = 4095;  // of the kernel
    body->error = std::max(body->error, -kMaxErrno);
    (body->error == 0 ? acknowledged_ : refused_).insert(message.nlmsg_seq);
  }

  Input input_;
  std::vector<std::vector<std::uint8_t>> sent_;
  std::set<std::uint32_t> acknowledged_;
  std::set<std::uint32_t> refused_;
};

Wire* wire = nullptr;

// Two messages, one for each family.
std::vector<nft::Command> commands() {
  std::vector<nft::Command> made;
  for (const std::string_view address : {"192.0.2.1", "192.0.2.2", "2001:db8::1"}) {
    const Endpoint endpoint{*IpAddress::parse(address), Transport::tcp, 443};
    made.push_back({nft::Command::Verb::add, nft::ElementKey::endpoint(nft::SetId::allow, endpoint),
                    std::chrono::hours(1)});
  }
  return made;
}

void check_commit(Socket& socket) {
  const auto elements = commands();
  Batch batch;
  add_elements(batch, std::string(nft::kTableName), elements);
  const nft::CommitOutcome outcome = commit(socket, batch);
  require(wire->sent().size() == 1, "a batch is sent once");
  const std::uint32_t begin = first_sequence(wire->sent().front());
  const bool is_acknowledged =
      wire->has_acknowledged(begin) || wire->has_acknowledged(begin + batch.message_count());
  using Status = nft::CommitOutcome::Status;
  if (outcome.status == Status::committed)
    require(is_acknowledged, "committed only with the kernel's word");
  if (outcome.status == Status::refused)
    require(wire->has_refused() && outcome.error != 0 && !outcome.message.empty(),
            "refused only with the kernel's word");
}

// Everything sent behind the first message, the listing, is an order about one connection.
void check_orders(std::uint16_t type, std::size_t count, std::size_t selected) {
  const auto& sent = wire->sent();
  std::size_t orders = 0;
  for (const auto& message : sent) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(message.data());
    require(mnl_nlmsg_ok(header, static_cast<int>(message.size())), "a message is whole");
    if (header->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET)) continue;
    require(header->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | type), "the order asked for");
    require(header->nlmsg_len > sizeof(nlmsghdr) + sizeof(nfgenmsg), "about some connection");
    ++orders;
  }
  require(count <= orders && orders <= selected, "about those that were selected");
}

void check_flows(Socket& socket, bool is_cut) {
  std::size_t selected = 0;
  const auto selects = [&](const nft::Flow& flow) {
    const bool is_tls = flow.destination.port == 443;
    selected += is_tls ? 1 : 0;
    return is_tls;
  };
  const auto count = is_cut ? cut_flows(socket, selects) : forget_flows(socket, selects);
  const std::uint16_t order = is_cut ? IPCTNL_MSG_CT_NEW : IPCTNL_MSG_CT_DELETE;
  check_orders(order, count.value_or(0), selected);
}

void check(Input input) {
  const unsigned what = input.below(3);
  Wire made(input);
  wire = &made;
  auto socket = Socket::open();
  require(socket.has_value(), "a socket");
  if (what == 0)
    check_commit(*socket);
  else
    check_flows(*socket, what == 1);
  wire = nullptr;
}

}  // namespace
}  // namespace egress::netlink

extern "C" {

ssize_t mnl_socket_sendto(const mnl_socket*, const void* octets, std::size_t size) {
  egress::netlink::wire->send({static_cast<const std::uint8_t*>(octets), size});
  return static_cast<ssize_t>(size);
}

ssize_t mnl_socket_recvfrom(const mnl_socket*, void* room, std::size_t size) {
  return egress::netlink::wire->receive({static_cast<std::uint8_t*>(room), size});
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  egress::netlink::check(egress::fuzz::Input({data, size}));
  return 0;
}
}
