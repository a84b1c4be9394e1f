#include "egressctl/policy_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "adapters/state/files.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::ctl {
namespace {

Result<void> write_like(const struct stat& model, const std::string& path,
                        const std::string& text) {
  auto written = state::write_atomically(path, text, model.st_mode & 07777U);
  if (!written) return written;
  if (model.st_uid == geteuid() && model.st_gid == getegid()) return {};
  if (chown(path.c_str(), model.st_uid, model.st_gid) != 0)
    return fail("chown " + egress::quoted(path) + ": " + std::strerror(errno));
  return {};
}

// At the end of links, so that a link stays one.
Result<std::string> real_path(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) return fail(egress::quoted(path) + ": " + error.message());
  return real.string();
}

Result<void> replace(const std::string& path, const std::string& text) {
  struct stat model {};
  if (stat(path.c_str(), &model) != 0)
    return fail(egress::quoted(path) + ": " + std::strerror(errno));
  return write_like(model, path, text);
}

}  // namespace

Result<std::string> read_policy(const std::string& path) {
  auto text = state::read_file(path, limits::kPolicyFileBytes, state::Guard::none);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return fail(egress::quoted(path) + ": does not exist");
  return std::move(**text);
}

void add_policy_option(CLI::App& command, std::string& path) {
  command.add_option("--policy", path, "egressd's own policy file, which is written")
      ->type_name("PATH")
      ->capture_default_str();
}

Result<void> expect_policy_file(const std::string& expected, const std::string& told) {
  if (expected == told) return {};
  return fail("egressd reads " + egress::quoted(told) + ", not " + egress::quoted(expected) +
              "; if that is right, name it: --policy PATH");
}

Result<ReplacedPolicy> ReplacedPolicy::write(const std::string& path, const std::string& text) {
  const auto real = real_path(path);
  if (!real) return tl::unexpected(real.error());
  auto old = read_policy(*real);
  if (!old) return tl::unexpected(old.error());
  ReplacedPolicy replaced(*real, *std::move(old));
  replaced.has_changed_ = replaced.old_ != text;
  if (!replaced.has_changed_) return replaced;
  struct stat model {};
  if (stat(real->c_str(), &model) != 0)
    return fail(egress::quoted(*real) + ": " + std::strerror(errno));
  if (auto kept = write_like(model, replaced.before(), replaced.old_); !kept)
    return tl::unexpected(kept.error());
  if (auto written = write_like(model, *real, text); !written)
    return tl::unexpected(written.error());
  return replaced;
}

Result<void> ReplacedPolicy::undo() const {
  if (!has_changed_) return {};
  return replace(path_, old_);
}

}  // namespace egress::ctl
