// `egressctl dns`.
#include <array>

#include "egressd/reports.hpp"

namespace egress::daemon {
namespace {

std::string type_text(std::uint16_t type) {
  constexpr std::array<std::pair<std::uint16_t, const char*>, 14> kNames{{{1, "A"},
                                                                          {2, "NS"},
                                                                          {5, "CNAME"},
                                                                          {6, "SOA"},
                                                                          {10, "NULL"},
                                                                          {12, "PTR"},
                                                                          {15, "MX"},
                                                                          {16, "TXT"},
                                                                          {28, "AAAA"},
                                                                          {33, "SRV"},
                                                                          {64, "SVCB"},
                                                                          {65, "HTTPS"},
                                                                          {252, "AXFR"},
                                                                          {255, "ANY"}}};
  for (const auto& [number, name] : kNames)
    if (number == type) return name;
  return "TYPE" + std::to_string(type);  // RFC 3597 section 5
}

control::DnsLatency report_latency(const char* stage, const guard::Latency& latency) {
  return {stage, latency.count(), latency.quantile(0.5).count(), latency.quantile(0.9).count(),
          latency.quantile(0.99).count()};
}

control::DnsQuestion report_question(const guard::JournalEntry& entry, Instant now) {
  return {.name = entry.name,
          .type = type_text(entry.type),
          .client = entry.client.text(),
          .transport = std::string(text(entry.transport)),
          .user = entry.user ? std::optional<std::int64_t>(*entry.user) : std::nullopt,
          .verdict = std::string(guard::text(entry.verdict)),
          .age_s = std::chrono::floor<seconds>(now - entry.at).count(),
          .took_us = entry.took.count()};
}

}  // namespace

control::DnsReply report_dns(const guard::Journal& journal, Instant now) {
  control::DnsReply reply;
  for (std::size_t i = 0; i < guard::kVerdicts; ++i) {
    const auto verdict = static_cast<guard::Verdict>(i);
    reply.counts.push_back({std::string(guard::text(verdict)), journal.count(verdict)});
  }
  reply.latencies = {
      report_latency("queue", journal.queue), report_latency("upstream", journal.upstream),
      report_latency("commit", journal.commit), report_latency("whole", journal.whole)};
  for (const guard::JournalEntry& entry : journal.latest())
    reply.latest.push_back(report_question(entry, now));
  return reply;
}

}  // namespace egress::daemon
