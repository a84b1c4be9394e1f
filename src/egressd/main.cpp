#include <cstdio>

#include "adapters/systemd/clock.hpp"
#include "egressd/daemon.hpp"
#include "egressd/lockdown.hpp"
#include "egressd/log.hpp"
#include "egressd/options.hpp"

namespace {

using namespace egress::daemon;

// Prints the normalised policy, or every problem.
int check(const Options& options) {
  const LoadedPolicy policy =
      PolicyStore(options.paths).check(egress::systemd::SystemClock().wall());
  if (policy) {
    std::fputs(egress::policy::print(*policy).c_str(), stdout);
    return 0;
  }
  for (const egress::policy::Problem& problem : policy.error())
    std::fprintf(stderr, "%s\n", problem.text().c_str());
  return 1;
}

egress::Result<int> run(const Options& options) {
  if (options.locks_down) return lock_down(options).map([] { return 0; });
  return Daemon(options).run();
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const Options& options = std::get<Options>(parsed);
  if (options.check) return check(options);
  set_log_level(options.log_level);
  const auto code = run(options);
  if (code) return *code;
  log(Level::error, "failed", {{"message", code.error().message}});
  return 1;
}
