#include "bench/commit_peers.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/report.hpp"
#include "support/child_process.hpp"

namespace egress::bench {
namespace {

[[noreturn]] void stop(const char* why) {
  throw std::runtime_error(why);
}

using Set = std::unique_ptr<nftnl_set, decltype([](nftnl_set* set) { nftnl_set_free(set); })>;

// ipv4_addr . inet_proto . inet_service, each padded to four octets.
std::array<std::uint8_t, 12> key_of(const IpAddress& address) {
  std::array<std::uint8_t, 12> key{};
  std::memcpy(key.data(), address.octets().data(), 4);
  key[4] = IPPROTO_TCP;
  key[8] = 443 >> 8;
  key[9] = 443 & 0xff;
  return key;
}

Set floor_set(int count, Shape shape) {
  Set set(nftnl_set_alloc());
  nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, "peer");
  nftnl_set_set_str(set.get(), NFTNL_SET_NAME, "allow4");
  for (int i = 0; i < count; ++i) {
    const auto first = key_of(first_of(i, shape)), last = key_of(last_of(i, shape));
    nftnl_set_elem* element = nftnl_set_elem_alloc();
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, first.data(), first.size());
    if (shape == Shape::nets)
      nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY_END, last.data(), last.size());
    nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT,
                           std::uint64_t{std::chrono::milliseconds(kLifetime).count()});
    nftnl_set_elem_add(set.get(), element);
  }
  return set;
}

// Element messages as libnftnl packs them, each as full as it gets, in one batch.
std::vector<char> floor_batch(const nftnl_set* set) {
  std::vector<char> batch;
  std::vector<char> page(128 << 10);
  const auto append = [&](const nlmsghdr* message) {
    batch.insert(batch.end(), page.data(), page.data() + message->nlmsg_len);
  };
  append(nftnl_batch_begin(page.data(), 1));
  nftnl_set_elems_iter* elements = nftnl_set_elems_iter_create(set);
  std::size_t last = 0;
  int more = 1;
  while (more > 0 && nftnl_set_elems_iter_cur(elements) != nullptr) {
    nlmsghdr* message =
        nftnl_nlmsg_build_hdr(page.data(), NFT_MSG_NEWSETELEM, NFPROTO_INET, NLM_F_CREATE, 2);
    more = nftnl_set_elems_nlmsg_build_payload_iter(message, elements);
    last = batch.size();
    append(message);
  }
  nftnl_set_elems_iter_destroy(elements);
  reinterpret_cast<nlmsghdr*>(batch.data() + last)->nlmsg_flags |= NLM_F_ACK;
  append(nftnl_batch_end(page.data(), 3));
  return batch;
}

std::string nft_file(int count, Form form, Shape shape) {
  const std::string path = "/tmp/commit_bench." + std::to_string(getpid()) + ".nft";
  const std::string start = "add element inet peer allow4 { ";
  std::ofstream file(path);
  if (form == Form::one_list) file << start;
  for (int i = 0; i < count; ++i) {
    const std::string prefix = shape == Shape::nets ? "/28" : "";
    const std::string element = first_of(i, shape).text() + prefix + " . tcp . 443 timeout 1h";
    file << (form == Form::one_list ? element + ", " : start + element + " }\n");
  }
  if (form == Form::one_list) file << "}\n";
  return path;
}

}  // namespace

void make_peer_table(Shape shape) {
  const std::string flags = shape == Shape::nets ? "interval, timeout" : "timeout";
  const test::Finished nft =
      test::run({.words = {"nft",
                           "add table inet peer; delete table inet peer; add table inet peer;"
                           "add set inet peer allow4 { type ipv4_addr . inet_proto . inet_service;"
                           " flags " +
                               flags + "; }"}});
  must_hold(nft.exit_code == 0, "nft makes a table: " + nft.output);
}

void must_hold_peer_elements(int count) {
  const std::string listing =
      test::run({.words = {"nft", "list", "set", "inet", "peer", "allow4"}}).output;
  std::size_t seen = 0;
  for (std::size_t at = 0; (at = listing.find(" . tcp . ", at)) != std::string::npos; ++at) ++seen;
  must_hold(seen == static_cast<std::size_t>(count),
            "the peers' set holds " + std::to_string(count) + " elements");
}

Floor::Floor() : socket_(mnl_socket_open(NETLINK_NETFILTER)) {
  if (socket_ == nullptr || mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) < 0)
    stop("floor: open");
  const int room = 64 << 20;
  setsockopt(mnl_socket_get_fd(socket_), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
}

Floor::~Floor() {
  mnl_socket_close(socket_);
}

double Floor::commit(int count, Shape shape) const {
  return time_of([&] {
    const Set set = floor_set(count, shape);
    const std::vector<char> batch = floor_batch(set.get());
    if (mnl_socket_sendto(socket_, batch.data(), batch.size()) < 0) stop("floor: send");
    std::array<char, 8192> answer{};
    const ssize_t length = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
    if (length <= 0 ||
        mnl_cb_run(answer.data(), static_cast<std::size_t>(length), 0, 0, nullptr, nullptr) < 0)
      stop("floor: refused");
  });
}

double nft_tool(int count, Form form, Shape shape) {
  const std::string path = nft_file(count, form, shape);
  test::Finished nft;
  const double time = time_of([&] { nft = test::run({.words = {"nft", "-f", path}}); });
  unlink(path.c_str());
  must_hold(nft.exit_code == 0, "`nft -f` succeeds: " + nft.output);
  return time;
}

}  // namespace egress::bench
