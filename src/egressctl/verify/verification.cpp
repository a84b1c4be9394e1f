#include "egressctl/verify/verification.hpp"

#include <sys/utsname.h>

#include <ostream>

#include "adapters/state/files.hpp"
#include "adapters/systemd/clock.hpp"
#include "egress/core/time_text.hpp"
#include "egressctl/examine.hpp"
#include "egressctl/place/elsewhere.hpp"

namespace egress::verify {

namespace {

// One line on the terminal that counts probes, and is gone in the end.
class ProgressLine {
 public:
  explicit ProgressLine(ctl::Context& context) : context_(context) {}
  ~ProgressLine() {
    if (context_.err_terminal.is_terminal) context_.err << "\r\x1b[K" << std::flush;
  }
  void show(std::string_view phase, std::size_t done, std::size_t total) {
    if (!context_.err_terminal.is_terminal) return;
    context_.err << "\r\x1b[K" << phase << ": " << done << " of " << total << std::flush;
  }

 private:
  ctl::Context& context_;
};

tl::expected<Report, ctl::Exit> prove_with(ctl::Context& context, AskedDaemon& daemon,
                                           Prober& prober, const Order& order,
                                           const std::string& why_not) {
  std::optional<Report> report;
  {
    ProgressLine line(context);
    const auto tell = [&](std::string_view phase, std::size_t done, std::size_t total) {
      line.show(phase, done, total);
    };
    report = prove(daemon, prober, order.chosen, tell, order.outside);
  }
  if (report) return std::move(*report);
  if (why_not.empty()) return tl::unexpected(daemon.exit());
  ctl::print_refusal(context, {"failed", why_not});
  return tl::unexpected(ctl::Exit::failed);
}

tl::expected<Report, ctl::Exit> prove_from(ctl::Context& context, AskedDaemon& daemon,
                                           const Order& order) {
  if (order.place.is_here()) {
    LocalProber prober(order.trust, order.pace);
    return prove_with(context, daemon, prober, order, {});
  }
  place::Elsewhere prober(order.place, order.trust, order.pace);
  return prove_with(context, daemon, prober, order, prober.error());
}

About about_here(const control::StatusReply& status, const Order& order) {
  About about;
  utsname kernel{};
  if (::uname(&kernel) == 0) {
    about.host = kernel.nodename;
    about.kernel = std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine;
  }
  about.time = print_wall_time(systemd::SystemClock().wall());
  about.place = order.place.text;
  about.egressctl = EGRESSD_VERSION;
  about.egressd = status.version;
  about.protection = status.protection;
  about.outside = order.outside.file.empty() ? "built in" : order.outside.file;
  return about;
}

bool write_file(ctl::Context& context, const std::string& path, const std::string& content) {
  constexpr mode_t kMode = 0644;
  if (path.empty()) return true;
  const auto written = state::write_atomically(path, content, kMode);
  if (!written) ctl::print_refusal(context, {"failed", written.error().message});
  return written.has_value();
}

}  // namespace

tl::expected<Outcome, ctl::Exit> verify_once(ctl::Context& context, const Order& order) {
  AskedDaemon daemon(context, order.place);
  auto report = prove_from(context, daemon, order);
  if (!report) return tl::unexpected(report.error());
  const auto status = ctl::ask<control::StatusReply>(context, control::StatusRequest{});
  if (!status) return tl::unexpected(status.error());
  // Told, and no part of the verdict: each may be how a hole comes to be, none proves that there is
  // one.
  auto weaknesses = ctl::examine(context, {});
  if (!weaknesses) return tl::unexpected(weaknesses.error());
  std::erase_if(*weaknesses, [](const doctor::Finding& finding) {
    return finding.severity == doctor::Severity::ok;
  });
  Outcome outcome{std::move(*report), std::move(*weaknesses), about_here(*status, order)};
  outcome.about.policy = daemon.policy_digest();
  return outcome;
}

bool write_files(ctl::Context& context, const Order& order, const Outcome& outcome) {
  const bool has_junit =
      write_file(context, order.junit, order.junit.empty() ? "" : print_junit(outcome.document()));
  const bool has_html =
      write_file(context, order.html, order.html.empty() ? "" : print_html(outcome.document()));
  return has_junit && has_html;
}

}  // namespace egress::verify
