#include "adapters/state/policy_files.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "adapters/state/files.hpp"
#include "adapters/state/ownership.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::state {
namespace {

namespace fs = std::filesystem;

Result<PolicyFile> read_policy_file(const std::string& path) {
  auto text = read_file(path, limits::kPolicyFileBytes, Guard::ownership);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return fail(egress::quoted(path) + ": does not exist");
  return PolicyFile{path, std::move(**text)};
}

// The paths of the files to read, in order.
Result<std::vector<std::string>> list_folder(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    if (!name.ends_with(".yaml") || name.starts_with('.')) continue;
    if (files.size() == limits::kPolicyFiles)
      return fail(egress::quoted(path) + ": more than " + std::to_string(limits::kPolicyFiles) +
                  " files");
    files.push_back(it->path().string());
  }
  if (error) return fail("read " + egress::quoted(path) + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::vector<PolicyFile>> read_policy_folder(const std::string& path) {
  std::error_code error;
  if (fs::status(path, error).type() == fs::file_type::not_found) return std::vector<PolicyFile>();
  if (auto owned = check_ownership(path); !owned) return tl::unexpected(owned.error());
  const auto paths = list_folder(path);
  if (!paths) return tl::unexpected(paths.error());
  std::vector<PolicyFile> files;
  for (const auto& file_path : *paths) {
    auto file = read_policy_file(file_path);
    if (!file) return tl::unexpected(file.error());
    files.push_back(std::move(*file));
  }
  return files;
}

Result<std::vector<PolicyFile>> read_policy_files(const std::string& main_path) {
  const auto folder = fs::path(main_path).parent_path();
  if (auto owned = check_ownership(folder.empty() ? "." : folder.string()); !owned)
    return tl::unexpected(owned.error());
  auto main_file = read_policy_file(main_path);
  if (!main_file) return tl::unexpected(main_file.error());
  auto more = read_policy_folder((folder / "policy.d").string());
  if (!more) return tl::unexpected(more.error());
  more->insert(more->begin(), std::move(*main_file));
  return more;
}

}  // namespace egress::state
