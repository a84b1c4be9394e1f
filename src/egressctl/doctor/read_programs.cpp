// Programs with file capabilities (capabilities(7)) in the folders where programs are.
#include <endian.h>
#include <linux/capability.h>
#include <sys/xattr.h>

#include <set>

#include "egress/core/limits.hpp"
#include "egressctl/doctor/capabilities.hpp"
#include "egressctl/doctor/read.hpp"

namespace egress::doctor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolders[] = {"usr/bin",     "usr/sbin", "bin",     "sbin", "usr/local",
                                    "usr/libexec", "opt",      "usr/lib", "lib"};

// Those that matter here; the first word holds the numbers below 32.
std::uint64_t capabilities_of(const fs::path& file) {
  vfs_ns_cap_data data{};
  if (::lgetxattr(file.c_str(), "security.capability", &data, sizeof data) <
      static_cast<ssize_t>(XATTR_CAPS_SZ_1))
    return 0;
  return le32toh(data.data[0].permitted) & (kSysAdmin | kNetAdmin | kNetRaw);
}

class Search {
 public:
  // A folder may be a link to one that was looked at.
  void look_into(const fs::path& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error || !seen_.insert(real).second) return;
    constexpr auto kOptions = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator file(real, kOptions, error), end; !error && file != end;
         file.increment(error)) {
      if (++files_ > limits::kDoctorFiles) break;
      if (!file->is_regular_file(error) || file->is_symlink(error)) continue;
      if (const auto capabilities = capabilities_of(file->path()); capabilities != 0)
        found_.capable.push_back({file->path(), capabilities});
    }
  }
  Programs take() {
    found_.is_whole = files_ <= limits::kDoctorFiles;
    return std::move(found_);
  }

 private:
  std::set<fs::path> seen_;
  std::size_t files_ = 0;
  Programs found_;
};

}  // namespace

Programs read_programs(const fs::path& root) {
  Search search;
  for (const char* const folder : kFolders) search.look_into(root / folder);
  return search.take();
}

}  // namespace egress::doctor
