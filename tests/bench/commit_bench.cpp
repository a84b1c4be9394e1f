// Commits of many sizes, side by side: ours, the floor (a bare loop of libnftnl and libmnl on the
// same table) and `nft -f`. Runs in a network namespace of its own. Prints medians in milliseconds.
#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "adapters/netlink/netlink_kernel.hpp"
#include "bench/report.hpp"
#include "egress/nft/layout.hpp"

namespace egress {
namespace {

using namespace std::chrono_literals;
using bench::median;
using bench::number;
using bench::time_of;

constexpr auto kLifetime = 1h;

[[noreturn]] void stop(const std::string& why) {
  throw std::runtime_error(why);
}

IpAddress address(int i) {
  const auto octet = [&](int shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
  return IpAddress::v4({10, octet(16), octet(8), octet(0)});
}

nft::Transaction additions(int first, int count) {
  nft::Transaction transaction;
  for (int i = first; i < first + count; ++i) {
    const Endpoint endpoint{address(i), Transport::tcp, 443};
    transaction.changes.push_back({nft::Change::Verb::add,
                                   nft::ElementKey::endpoint(nft::SetId::allow, endpoint),
                                   kLifetime});
  }
  return transaction;
}

void must_commit(nft::Kernel& kernel, const nft::Transaction& transaction) {
  const auto outcome = kernel.commit(transaction);
  if (outcome.status != nft::CommitOutcome::Status::committed) stop(outcome.message);
}

// The second time waits until the kernel has freed what the first threw away, which would disturb
// the measurement.
void empty_table(nft::Kernel& kernel) {
  for (int i = 0; i < 2; ++i) must_commit(kernel, {nft::Base{}, {}});
  std::this_thread::sleep_for(100ms);
}

double ours(nft::Kernel& kernel, int count) {
  empty_table(kernel);
  const nft::Transaction transaction = additions(0, count);
  return time_of([&] { must_commit(kernel, transaction); });
}

// ---- the floor
// -----------------------------------------------------------------------------------------------------

using Set = std::unique_ptr<nftnl_set, decltype([](nftnl_set* set) { nftnl_set_free(set); })>;

Set floor_set(int count) {
  Set set(nftnl_set_alloc());
  nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, "egressd");
  nftnl_set_set_str(set.get(), NFTNL_SET_NAME, "allow4");
  for (int i = 0; i < count; ++i) {
    std::array<std::uint8_t, 12> key{};
    std::memcpy(key.data(), address(i).octets().data(), 4);
    key[4] = IPPROTO_TCP;
    key[8] = 443 >> 8;
    key[9] = 443 & 0xff;
    nftnl_set_elem* element = nftnl_set_elem_alloc();
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(), key.size());
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

double floor_of(nft::Kernel& kernel, mnl_socket* socket, int count) {
  empty_table(kernel);
  return time_of([&] {
    const Set set = floor_set(count);
    const std::vector<char> batch = floor_batch(set.get());
    if (mnl_socket_sendto(socket, batch.data(), batch.size()) < 0) stop("floor: send");
    std::array<char, 8192> answer{};
    const ssize_t length = mnl_socket_recvfrom(socket, answer.data(), answer.size());
    if (length <= 0 ||
        mnl_cb_run(answer.data(), static_cast<std::size_t>(length), 0, 0, nullptr, nullptr) < 0) {
      stop("floor: refused");
    }
  });
}

mnl_socket* floor_socket() {
  mnl_socket* socket = mnl_socket_open(NETLINK_NETFILTER);
  if (socket == nullptr || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) stop("floor: open");
  const int room = 64 << 20;
  setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  return socket;
}

// ---- nft -f
// --------------------------------------------------------------------------------------------------------

enum class Form { one_list, a_line_each };

std::string nft_file(int count, Form form) {
  const std::string path = "/tmp/commit_bench." + std::to_string(getpid()) + ".nft";
  const std::string start = "add element inet egressd allow4 { ";
  std::ofstream file(path);
  if (form == Form::one_list) file << start;
  for (int i = 0; i < count; ++i) {
    const std::string element = address(i).text() + " . tcp . 443 timeout 1h";
    file << (form == Form::one_list ? element + ", " : start + element + " }\n");
  }
  if (form == Form::one_list) file << "}\n";
  return path;
}

double nft_tool(nft::Kernel& kernel, int count, Form form) {
  empty_table(kernel);
  std::string path = nft_file(count, form);
  std::array<char, 4> name{"nft"};
  std::array<char, 3> option{"-f"};
  char* const words[] = {name.data(), option.data(), path.data(), nullptr};
  const double time = time_of([&] {
    pid_t child = 0;
    int status = 1;
    if (posix_spawnp(&child, "nft", nullptr, nullptr, words, environ) != 0) stop("nft: spawn");
    waitpid(child, &status, 0);
    if (status != 0) stop("nft: refused");
  });
  unlink(path.c_str());
  return time;
}

void compare_sizes(nft::Kernel& kernel, mnl_socket* socket, bool is_quick) {
  bench::Table table("Elements committed to one set, in ms",
                     {"elements", "runs", "egressd", "floor", "nft -f, a list", "nft -f, lines",
                      "of the floor", "goal 1.2", "faster than a list", "than lines"});
  const int divisor = is_quick ? 5 : 1;
  for (const auto& [count, most] : {std::pair{1, 101}, {1'000, 31}, {10'000, 11}, {100'000, 7}}) {
    std::array<std::vector<double>, 4> times;
    const int runs = 1 + most / divisor;
    const std::array<std::function<double()>, 4> contenders{
        [&, n = count] { return ours(kernel, n); },
        [&, n = count] { return floor_of(kernel, socket, n); },
        [&, n = count] { return nft_tool(kernel, n, Form::one_list); },
        [&, n = count] { return nft_tool(kernel, n, Form::a_line_each); }};
    // In turns that rotate, so that none always inherits what the same other one left behind.
    for (int turn = 0; turn < 4 * runs; ++turn) {
      const auto who = static_cast<std::size_t>((turn + turn / 4) % 4);
      times[who].push_back(contenders[who]());
    }
    std::array<double, 4> medians{};
    std::transform(times.begin(), times.end(), medians.begin(), median);
    const auto& [egressd, floor, list, lines] = medians;
    table.add({std::to_string(count), std::to_string(runs), number(egressd, 3), number(floor, 3),
               number(list, 3), number(lines, 3), number(egressd / floor, 2),
               bench::at_most(egressd / floor, 1.2), number(list / egressd, 1),
               number(lines / egressd, 1)});
  }
  table.remark("The floor is a bare loop of libnftnl and libmnl that fills the same set.");
}

void one_into_many(nft::Kernel& kernel, bool is_quick) {
  bench::Table table("One element committed to a table that holds others, in ms",
                     {"already there", "runs", "median", "99 %", "goal 0.2"});
  for (const int held : {0, 1'000, 10'000, 100'000}) {
    empty_table(kernel);
    if (held > 0) must_commit(kernel, additions(0, held));
    std::vector<double> times;
    for (int run = 0; run < (is_quick ? 200 : 1'000); ++run) {
      const nft::Transaction one = additions(held + run, 1);
      times.push_back(time_of([&] { must_commit(kernel, one); }));
    }
    table.add({std::to_string(held), std::to_string(times.size()), number(median(times), 3),
               number(bench::percentile(times, 99), 3), bench::at_most(median(times), 0.2)});
  }
}

void body(bool is_quick) {
  if (unshare(CLONE_NEWNET) != 0) stop("needs root, for a network namespace of its own");
  const auto kernel = netlink::open_kernel();
  if (!kernel) stop(kernel.error().message);
  compare_sizes(**kernel, floor_socket(), is_quick);
  one_into_many(**kernel, is_quick);
}

}  // namespace
}  // namespace egress

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::body);
}
