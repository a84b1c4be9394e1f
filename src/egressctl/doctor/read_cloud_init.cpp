#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include "egressctl/doctor/read.hpp"

namespace egress::doctor {
namespace {

namespace fs = std::filesystem;

// The beginning of a file; of anything else nothing.
std::string text_of(const fs::path& path) {
  constexpr std::size_t kMostBytes = 1 << 20;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), kMostBytes);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// "DataSourceEc2Local: DataSourceEc2Local" is Ec2; what cloud-init asks before and after the
// network is up is one source.
std::string source_of(std::string_view text) {
  constexpr std::string_view kPrefix = "DataSource", kLocal = "Local";
  std::string_view source = text.substr(0, text.find_first_of(":\n "));
  if (source.starts_with(kPrefix)) source.remove_prefix(kPrefix.size());
  if (source.ends_with(kLocal)) source.remove_suffix(kLocal.size());
  return std::string(source);
}

// YAML 1.1 has many words for yes; cloud-init takes these.
bool keeps_instance(std::string_view config) {
  constexpr std::string_view kKey = "manual_cache_clean:";
  constexpr std::array<std::string_view, 4> kYes{"true", "yes", "on", "1"};
  while (!config.empty()) {
    std::string_view line = config.substr(0, config.find('\n'));
    config.remove_prefix(std::min(config.size(), line.size() + 1));
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(std::min(line.find_first_not_of(' ', kKey.size()), line.size()));
    std::string value(line.substr(0, line.find_first_of(" #\r")));
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
    if (std::ranges::find(kYes, value) != kYes.end()) return true;
  }
  return false;
}

bool keeps_instance_in(const fs::path& etc) {
  if (keeps_instance(text_of(etc / "cloud.cfg"))) return true;
  std::error_code error;
  for (fs::directory_iterator it(etc / "cloud.cfg.d", error), end; !error && it != end;
       it.increment(error))
    if (it->path().extension() == ".cfg" && keeps_instance(text_of(it->path()))) return true;
  return false;
}

}  // namespace

CloudInit read_cloud_init(const fs::path& root) {
  std::error_code error;
  const fs::path etc = root / "etc/cloud";
  const bool is_off =
      fs::exists(etc / "cloud-init.disabled", error) ||
      text_of(root / "proc/cmdline").find("cloud-init=disabled") != std::string::npos;
  if (is_off || !fs::exists(root / "usr/bin/cloud-init", error)) return {};
  return {
      true, source_of(text_of(root / "var/lib/cloud/instance/datasource")),
      keeps_instance_in(etc) || fs::exists(root / "var/lib/cloud/instance/manual-clean", error)};
}

}  // namespace egress::doctor
