#include "bench/dns_contenders.hpp"

#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "adapters/netlink/dump.hpp"
#include "bench/authority.hpp"
#include "egress/core/ip_address.hpp"
#include "support/address.hpp"

namespace egress::bench {
namespace {

using Words = std::vector<std::string>;

const char* const kOwnAddress = "127.0.0.1";
const char* const kPublicResolver = "8.8.8.8";
constexpr std::uint16_t kGuardPort = 553;
const char* const kPeerTable =
    "table inet peer {\n set allow {\n  type ipv4_addr\n }\n chain output {\n"
    "  type filter hook output priority 0\n  ct state established accept\n"
    "  ip daddr @allow accept\n }\n}\n";

class Program : public Resolver {
 public:
  Program(const test::Lab& lab, Words words)
      : Resolver(lab),
        process_(
            {.words = std::move(words), .netns = lab.host(), .output = lab.dir() / "peer.log"}) {}
  ~Program() override {
    process_ = {};
    lab_.nft("flush ruleset\n");
  }
  pid_t pid() const override { return process_.pid(); }

 private:
  test::ChildProcess process_;
};

// Each start is its first: nothing is known from an earlier one.
class Egressd : public Resolver {
 public:
  Egressd(const test::Lab& lab, const std::string& program) : Resolver(lab) {
    for (const auto& file : std::filesystem::directory_iterator(lab.dir() / "state"))
      std::filesystem::remove_all(file);
    daemon_.emplace(lab,
                    "version: 1\nresolvers: [" + std::string(test::kResolver) +
                        "]\nallow:\n  - \"*.bench.example:443\"\n",
                    std::vector<std::string>{}, program);
    pid_ = daemon_pid(lab);
  }
  // Its table has no owner any more, and may go.
  ~Egressd() override {
    daemon_.reset();
    lab_.nft("flush ruleset\n");
  }
  pid_t pid() const override { return pid_; }
  std::string stages() const override {
    std::string text;
    for (const auto& stage : daemon_->ask<control::DnsReply>(control::DnsRequest{}).latencies)
      text += (text.empty() ? "" : ", ") + stage.stage + " " +
              number(static_cast<double>(stage.p50_us) / 1000, 3) + " and " +
              number(static_cast<double>(stage.p99_us) / 1000, 3);
    return text;
  }

 private:
  std::optional<test::Daemon> daemon_;
  pid_t pid_ = 0;
};

Words dnsmasq_command(std::size_t cache_size) {
  return {"dnsmasq",
          "--keep-in-foreground",
          "--conf-file=/dev/null",
          "--pid-file=",
          "--user=root",
          "--no-hosts",
          "--no-resolv",
          "--bind-interfaces",
          std::string("--listen-address=") + kOwnAddress,
          std::string("--server=") + test::kResolver,
          "--dns-forward-max=10000",
          "--cache-size=" + std::to_string(cache_size)};
}

std::string unbound_server(const test::Lab& lab, const std::string& address) {
  return "server:\n directory: \"" + lab.dir().string() +
         "\"\n pidfile: \"\"\n chroot: \"\"\n username: \"\"\n use-syslog: no\n logfile: \"\"\n"
         " do-daemonize: no\n interface: " +
         address +
         "\n access-control: 0.0.0.0/0 allow\n module-config: \"iterator\"\n num-threads: 1\n"
         " so-rcvbuf: 4m\n outgoing-range: 4096\n num-queries-per-thread: 4096\n"
         " msg-cache-size: 64m\n rrset-cache-size: 128m\n";
}

Words unbound_command(const test::Lab& lab, const std::string& file, const std::string& text) {
  std::ofstream(lab.dir() / file) << text;
  return {"unbound", "-d", "-c", lab.dir() / file};
}

std::string write_zone(const test::Lab& lab) {
  const std::filesystem::path path = lab.dir() / "bench.zone";
  std::ofstream zone(path);
  zone << "$TTL 3600\nbench.example. SOA ns.bench.example. hostmaster.bench.example. 1 3600 600 "
          "86400 60\n"
          "bench.example. NS ns.bench.example.\nns.bench.example. A "
       << test::kResolver << "\n";
  for (std::size_t i = 0; i < Upstream::kNames; ++i)
    zone << name(i) << ". A " << address(i, 0, 1) << "\n";
  return path;
}

}  // namespace

Upstream::Upstream(const test::Lab& lab)
    : process_({.words = unbound_command(lab, "upstream.conf",
                                         unbound_server(lab, test::kResolver) +
                                             "auth-zone:\n name: bench.example\n zonefile: \"" +
                                             write_zone(lab) +
                                             "\"\n for-downstream: yes\n for-upstream: no\n"),
                .netns = lab.net(),
                .output = lab.dir() / "upstream.log"}) {
  await_answer(lab, upstream_alone().server, kProbe);
}

Contender upstream_alone() {
  return {"the upstream, asked directly", {test::kResolver, 53}, [] { return nullptr; }};
}

Contender egressd(const test::Lab& lab, const std::string& program) {
  return {"egressd, its own port",
          {kOwnAddress, kGuardPort},
          [&lab, program] { return std::make_unique<Egressd>(lab, program); },
          "inet egressd allow4"};
}

Contender egressd_redirected(const test::Lab& lab) {
  Contender contender = egressd(lab);
  contender.name = "egressd, redirected from 8.8.8.8";
  contender.server = {kPublicResolver, 53};
  return contender;
}

Contender dnsmasq(const test::Lab& lab, std::size_t cache_size) {
  return {"dnsmasq", {kOwnAddress, 53}, [&lab, cache_size] {
            return std::make_unique<Program>(lab, dnsmasq_command(cache_size));
          }};
}

Contender dnsmasq_nftset(const test::Lab& lab, std::size_t cache_size) {
  const auto start = [&lab, cache_size] {
    lab.nft(kPeerTable);
    Words words = dnsmasq_command(cache_size);
    words.push_back("--nftset=/bench.example/4#inet#peer#allow");
    return std::make_unique<Program>(lab, std::move(words));
  };
  return {"dnsmasq --nftset", {kOwnAddress, 53}, start, "inet peer allow"};
}

Contender unbound(const test::Lab& lab) {
  const auto start = [&lab] {
    return std::make_unique<Program>(
        lab, unbound_command(lab, "forwarder.conf",
                             unbound_server(lab, kOwnAddress) +
                                 " do-not-query-localhost: no\nforward-zone:\n name: \".\"\n"
                                 " forward-addr: " +
                                 test::kResolver + "\n"));
  };
  return {"unbound", {kOwnAddress, 53}, start};
}

std::unique_ptr<Resolver> start(const test::Lab& lab, const Contender& contender) {
  std::unique_ptr<Resolver> resolver = contender.start();
  await_answer(lab, contender.server, Upstream::kProbe);
  return resolver;
}

std::unordered_set<std::string> addresses_in(const test::Lab& lab, const std::string& set) {
  std::istringstream listing(lab.on_host({"sh", "-c", "nft list set " + set}));
  std::unordered_set<std::string> addresses;
  for (std::string word; listing >> word;) {
    if (word.back() == ',') word.pop_back();
    if (!word.empty() && IpAddress::parse(word)) addresses.insert(word);
  }
  return addresses;
}

std::size_t not_in(const std::unordered_set<std::string>& addresses, Names names) {
  std::size_t missing = 0;
  for (std::size_t i = names.first; i < names.first + names.count; ++i)
    missing += addresses.contains(address(i, 0, 1)) ? 0U : 1U;
  return missing;
}

std::uint32_t table_generation(const test::Lab& lab) {
  return test::in_namespace(lab.host(), [] {
    auto socket = netlink::Socket::open();
    std::uint32_t generation = 0;
    if (!socket || netlink::read_generation(*socket, generation) != 0)
      throw std::runtime_error("the generation of nf_tables cannot be read");
    return generation;
  });
}

}  // namespace egress::bench
