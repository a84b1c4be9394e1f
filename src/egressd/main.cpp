#include <cstdio>

#include "adapters/systemd/clock.hpp"
#include "egressd/daemon.hpp"
#include "egressd/lockdown.hpp"
#include "egressd/log.hpp"
#include "egressd/options.hpp"

namespace {

using namespace egress::daemon;

void print(const egress::policy::Problems& problems, const char* kind) {
  for (const egress::policy::Problem& problem : problems)
    std::fprintf(stderr, "%s%s\n", kind, problem.text().c_str());
}

// Prints the normalised policy, or every problem.
int check(const Options& options) {
  const LoadedPolicy loaded =
      PolicyStore(options.paths).check(egress::systemd::SystemClock().wall());
  if (!loaded) {
    print(loaded.error(), "");
    return 1;
  }
  std::fputs(egress::policy::print(loaded->policy).c_str(), stdout);
  print(loaded->warnings, "warning: ");
  return 0;
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
