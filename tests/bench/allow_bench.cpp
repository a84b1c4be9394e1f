// `allow` of a name that resolves: what a client waits for, and whose time it is.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "adapters/state/files.hpp"
#include "bench/authority.hpp"
#include "bench/egressd.hpp"
#include "bench/report.hpp"
#include "support/address.hpp"
#include "support/dns_message.hpp"

namespace egress::bench {
namespace {

constexpr double kGoal = 1;  // no slower than by hand
constexpr std::size_t kNames = 10'000;

// Asks the daemon's resolver the daemon's way: A and AAAA at once, until both are answered.
class Client {
 public:
  explicit Client(const test::Lab& lab)
      : socket_(test::in_namespace(lab.host(), [] { return connect_to_resolver(); })) {}
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  double time_of_lookup(const std::string& name) const {
    return time_of([&] {
      for (const int type : {1, 28}) {  // A, AAAA
        const Bytes question = test::write_query({.name = name,
                                                  .type = static_cast<std::uint16_t>(type),
                                                  .id = static_cast<std::uint16_t>(type),
                                                  .edns_size = std::nullopt});
        if (send(socket_, question.data(), question.size(), 0) < 0) fail("send");
      }
      for (int answers = 0; answers < 2; ++answers) {
        pollfd wanted{socket_, POLLIN, 0};
        std::array<std::uint8_t, 512> answer{};
        if (poll(&wanted, 1, 1000) != 1 || recv(socket_, answer.data(), answer.size(), 0) < 0)
          fail("no answer from the resolver");
      }
    });
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  static int connect_to_resolver() {
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const test::SocketAddress resolver(test::kResolver, 53);
    if (connect(descriptor, resolver.get(), resolver.length) != 0) fail("connect");
    return descriptor;
  }

  int socket_;
};

struct Times {
  std::vector<double> round_trip;  // of the control socket
  std::vector<double> resolver;    // asked directly
  std::vector<double> disk;        // the file of additions, written once more
  std::vector<double> kernel;      // of the round trip, in commits
  std::vector<double> by_hand;     // a lookup, `nft add element` and the write
  std::vector<double> command;     // `egressctl allow`, from its start to its end
};

// What `allow` must keep before it may answer, written the same way under another name.
double time_of_write(const std::filesystem::path& state_dir) {
  std::ifstream in(state_dir / "additions.yaml");
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  return time_of([&] {
    if (!state::write_atomically(state_dir / "bench-copy", content, 0640))
      throw std::runtime_error("cannot write to " + state_dir.string());
  });
}

void make_peer_table(const test::Lab& lab) {
  lab.nft("table inet peer {\n set allow {\n  type ipv4_addr . inet_service\n }\n}\n");
}

// What somebody without egressd types once he knows the address.
double time_of_nft(const test::Lab& lab, std::size_t i) {
  return time_of([&] {
    lab.on_host({"nft", "add element inet peer allow { " + address(i, 0, 1) + " . 443 }"});
  });
}

double allow(const test::Daemon& daemon, const std::string& target, Times& times) {
  control::AllowRequest request;
  request.targets = {target};
  const SteadyTime start = now();
  const auto reply = daemon.ask<control::AllowReply>(request);
  const double taken = elapsed(start);
  if (reply.targets.size() != 1 || reply.targets[0].state != "open")
    throw std::runtime_error(target + " was not opened");
  times.kernel.push_back(static_cast<double>(reply.kernel_us) / 1000);
  return taken;
}

// Allows `count` names one after another, on top of a policy of `held` names.
Times measure(std::size_t held, std::size_t count) {
  const test::Lab lab(test::Lab::Servers::none);
  const Authority authority(lab.net(), {.names = kNames, .ttl = 3600, .ipv6 = 1});
  const test::Daemon daemon(lab, policy_of(held));
  wait_until("the policy's names answered", [&] { return authority.answered() == 2 * held; });
  const Client client(lab);
  make_peer_table(lab);
  Times times;
  for (std::size_t i = held; i < held + count; ++i) {
    times.resolver.push_back(client.time_of_lookup(name(i)));
    times.round_trip.push_back(allow(daemon, name(i) + ":443", times));
    times.disk.push_back(time_of_write(lab.dir() / "state"));
    times.by_hand.push_back(times.resolver.back() + time_of_nft(lab, i) + times.disk.back());
  }
  for (std::size_t i = held + count; i < held + count + count / 4; ++i)
    times.command.push_back(time_of([&] {
      if (daemon.egressctl({"allow", name(i) + ":443"}).exit_code != 0)
        throw std::runtime_error("egressctl allow failed");
    }));
  return times;
}

void add(Table& table, const std::string& what, const Times& times) {
  const auto brief = [](const std::vector<double>& values) { return number(median(values), 2); };
  const double of_hand = median(ratios(times.round_trip, times.by_hand));
  table.add({what, brief(times.round_trip), number(percentile(times.round_trip, 99), 2),
             brief(times.resolver), brief(times.disk), brief(times.kernel), brief(times.by_hand),
             number(of_hand, 2), "≤ " + number(kGoal, 0), at_most(of_hand, kGoal),
             brief(times.command)});
}

void body(Effort effort) {
  const std::size_t count = effort == Effort::quick ? 20 : 200;
  Table table(
      "`allow` of a name that resolves, medians of " + std::to_string(count) + ", in ms",
      {"policy before", "round trip", "99 %", "resolver alone", "disk alone", "in the kernel",
       "by hand", "round trip, of by hand", "goal", "", "`egressctl allow`"});
  add(table, "empty", measure(0, count));
  add(table, "100 names", measure(100, count));
  add(table, "1,000 names", measure(1'000, count));
  if (effort == Effort::whole) add(table, "9,000 names", measure(9'000, count));
  table.remark(
      "Round trip: request to reply on the control socket. Resolver alone: the same questions, A "
      "and AAAA at once, sent to the same server. Disk alone: the file of additions, written and "
      "synced again. By hand: the resolver, the disk and nft for the element, one after another. "
      "`egressctl allow`: the whole program, from its start to its end.");
}

}  // namespace
}  // namespace egress::bench

int main(int argc, char** argv) {
  return egress::bench::run_benchmark(argc, argv, egress::bench::body);
}
