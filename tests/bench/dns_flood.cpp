#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "bench/authority.hpp"
#include "bench/dns_load.hpp"
#include "bench/report.hpp"

namespace egress::bench {
namespace {

// The number behind this text; 0 without it.
double number_after(const std::string& output, const std::string& text) {
  const std::size_t at = output.find(text);
  return at == std::string::npos ? 0 : std::strtod(output.c_str() + at + text.size(), nullptr);
}

std::filesystem::path write_questions(const test::Lab& lab, Names names) {
  const std::filesystem::path path = lab.dir() / "questions";
  std::ofstream file(path);
  for (std::size_t i = names.first; i < names.first + names.count; ++i) file << name(i) << " A\n";
  return path;
}

Throughput dnsperf(const test::Lab& lab, const DnsServer& server, Names names,
                   std::vector<std::string> limit) {
  std::vector<std::string> words{"dnsperf",
                                 "-s",
                                 server.address,
                                 "-p",
                                 std::to_string(server.port),
                                 "-d",
                                 write_questions(lab, names),
                                 "-c",
                                 "4",
                                 "-T",
                                 "1",
                                 "-q",
                                 "100",
                                 "-t",
                                 "2"};
  words.insert(words.end(), limit.begin(), limit.end());
  const test::Finished done = test::run({.words = std::move(words), .netns = lab.host()});
  const double sent = number_after(done.output, "Queries sent:");
  const double seconds = number_after(done.output, "Run time (s):");
  if (done.exit_code != 0 || sent == 0 || seconds == 0)
    throw std::runtime_error("dnsperf: " + done.output);
  const double answered = number_after(done.output, "NOERROR ");
  return {static_cast<std::size_t>(sent), static_cast<std::size_t>(answered), answered / seconds};
}

}  // namespace

Throughput flood(const test::Lab& lab, const DnsServer& server, Names names) {
  return dnsperf(lab, server, names, {"-n", "1", "-l", "20"});
}

Throughput flood_for(const test::Lab& lab, const DnsServer& server, Names names,
                     std::chrono::milliseconds duration) {
  return dnsperf(lab, server, names,
                 {"-l", number(std::chrono::duration<double>(duration).count(), 3)});
}

}  // namespace egress::bench
