#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "adapters/state/files.hpp"
#include "adapters/timeconf/time_servers.hpp"
#include "egress/core/limits.hpp"

namespace egress::timeconf {
namespace {

namespace fs = std::filesystem;
using Kind = ServerLines::More::Kind;

constexpr const char* kServerFiles[] = {"/etc/chrony/chrony.conf", "/etc/chrony.conf",
                                        "/etc/ntpsec/ntp.conf", "/etc/ntp.conf"};
constexpr const char* kServerFolders[] = {"/etc/ntpsec/ntp.d"};
// The later beat files of the same name in the earlier.
constexpr const char* kSystemd[] = {"/usr/lib/systemd", "/usr/local/lib/systemd", "/etc/systemd"};

// What is written there since the boot is not the administrator's: DHCP clients tell it.
bool is_of_this_boot(std::string_view path) {
  return path.starts_with("/run/") || path.starts_with("/var/run/");
}

class TimeReader {
 public:
  explicit TimeReader(const std::string& root) : root_(root) {}

  policy::SystemTime read() {
    for (const char* path : kServerFiles) read_servers(root_ + path);
    for (const char* path : kServerFolders) read_folders({path}, ".conf");
    read_timesyncd();
    return std::move(found_);
  }

 private:
  // nullopt: there is none, or it has been read, or it cannot be.
  std::optional<std::string> text_of(const std::string& path) {
    if (files_ > limits::kTimeFiles || !seen_.insert(path).second) return std::nullopt;
    auto text = state::read_file(path, limits::kTimeFileBytes, state::Guard::ownership);
    if (!text) refuse(path, text.error().message);
    if (!text || !*text) return std::nullopt;
    if (++files_ <= limits::kTimeFiles) return *std::move(text);
    refuse(path, "more than " + std::to_string(limits::kTimeFiles) +
                     " files of time services; the others are not read");
    return std::nullopt;
  }

  void refuse(const std::string& path, std::string message) {
    if (found_.problems.size() < limits::kTimeServers)
      found_.problems.push_back({{path, 0, 0}, std::move(message)});
  }

  void add(std::vector<policy::TimeServer> servers) {
    for (policy::TimeServer& server : servers) {
      const auto is_same = [&](const policy::TimeServer& other) { return other.says(server); };
      if (std::ranges::any_of(found_.servers, is_same)) continue;
      if (found_.servers.size() == limits::kTimeServers)
        return refuse(server.place.file, "more than " + std::to_string(limits::kTimeServers) +
                                             " time servers; the others are not allowed");
      found_.servers.push_back(std::move(server));
    }
  }

  void read_servers(const std::string& path) {
    const auto text = text_of(path);
    if (!text) return;
    ServerLines lines = parse_server_lines(*text, path);
    add(std::move(lines.servers));
    for (const ServerLines::More& more : lines.more) {
      if (more.kind == Kind::files)
        for (const std::string& pattern : more.paths) {
          if (!is_of_this_boot(pattern)) read_pattern(pattern, path);
        }
      else
        read_folders(more.paths, more.kind == Kind::sources ? ".sources" : ".conf");
    }
  }

  // What is no full path is meant beside the file that names it.
  void read_pattern(const std::string& pattern, const fs::path& beside) {
    const fs::path full =
        pattern.starts_with('/') ? fs::path(root_ + pattern) : beside.parent_path() / pattern;
    glob_t matches{};
    if (glob(full.c_str(), 0, nullptr, &matches) == 0)
      for (std::size_t i = 0; i < matches.gl_pathc; ++i) read_one(matches.gl_pathv[i]);
    globfree(&matches);
  }

  // ntpsec takes a folder for its *.conf.
  void read_one(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return read_servers(path);
    for (const auto& [name, file] : files_in({path}, ".conf")) read_servers(file);
  }

  // Of files of one name the first counts, as for chrony.
  void read_folders(const std::vector<std::string>& folders, std::string_view ending) {
    std::vector<std::string> here;
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder)
      if (!is_of_this_boot(*folder)) here.push_back(root_ + *folder);
    for (const auto& [name, path] : files_in(here, ending)) read_servers(path);
  }

  // By their names; the later folders beat the earlier.
  std::map<std::string, std::string> files_in(const std::vector<std::string>& folders,
                                              std::string_view ending) {
    std::map<std::string, std::string> files;
    for (const std::string& folder : folders) {
      std::error_code error;
      for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().filename().string().ends_with(ending))
          files[it->path().filename().string()] = it->path().string();
    }
    return files;
  }

  void read_timesyncd() {
    std::vector<std::string> folders;
    std::string main;
    for (const char* folder : kSystemd) {
      std::error_code error;
      folders.push_back(root_ + folder + "/timesyncd.conf.d");
      const std::string path = root_ + folder + "/timesyncd.conf";
      if (fs::exists(path, error)) main = path;
    }
    std::vector<File> files;
    if (auto text = main.empty() ? std::nullopt : text_of(main))
      files.push_back({main, *std::move(text)});
    else
      files.emplace_back();
    for (const auto& [name, path] : files_in(folders, ".conf"))
      if (auto text = text_of(path)) files.push_back({path, *std::move(text)});
    add(parse_timesyncd(files));
  }

  const std::string root_;
  policy::SystemTime found_;
  std::set<std::string> seen_;
  std::size_t files_ = 0;
};

}  // namespace

policy::SystemTime read_time_servers(const std::string& root) {
  return TimeReader(root).read();
}

}  // namespace egress::timeconf
