#include "adapters/state/panic.hpp"

#include <unistd.h>

#include <cerrno>

#include "adapters/state/files.hpp"
#include "adapters/system_error.hpp"
#include "egress/core/text.hpp"
#include "egress/core/time_text.hpp"

namespace egress::state {
namespace {

constexpr std::string_view kOn = "panic\n";
constexpr std::string_view kUntil = "panic until ";
constexpr std::size_t kLongest = 64;

}  // namespace

Result<std::optional<Panic>> read_panic(const std::string& path) {
  const auto text = read_file(path, kLongest, Guard::no_links);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::optional<Panic>();
  std::string_view said = **text;
  if (said == kOn) return Panic{};
  if (said.starts_with(kUntil) && said.ends_with('\n')) {
    said.remove_prefix(kUntil.size());
    said.remove_suffix(1);
    if (const auto until = parse_wall_time(said)) return Panic{*until};
  }
  return fail(quoted(path) + ": is neither \"panic\" nor \"panic until TIME\"");
}

Result<void> write_panic(const std::string& path, const Panic& panic) {
  const std::string text =
      panic.until ? std::string(kUntil) + print_wall_time(*panic.until) + "\n" : std::string(kOn);
  return write_atomically(path, text, 0640);
}

Result<void> forget_panic(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + quoted(path));
  return {};
}

}  // namespace egress::state
