#include "egressctl/place/find.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "adapters/resolvconf/resolv_conf.hpp"
#include "adapters/state/files.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"
#include "egressctl/child.hpp"

namespace egress::place {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kShortestId = 12;  // that stands for a container in the name of a cgroup

std::optional<pid_t> number(std::string_view text) {
  pid_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole && value >= 0 ? std::optional(value) : std::nullopt;
}

std::string content(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

bool is_member(pid_t process, const std::string& container_id) {
  const fs::path cgroup = fs::path("/proc") / std::to_string(process) / "cgroup";
  return content(cgroup).find(container_id) != std::string::npos;
}

struct Known {
  pid_t process = 0;
  std::string id;
};

// What the engine that has the container says of it; process 0: it does not run.
std::optional<Known> ask_engine(const std::string& engine, const std::string& word) {
  const auto told =
      ctl::run_program({engine, "inspect", "--format", "{{.State.Pid}} {{.Id}}", "--", word});
  if (!told || told->status != 0) return std::nullopt;
  Known known;
  std::istringstream(told->out) >> known.process >> known.id;
  return known.id.size() >= kShortestId ? std::optional(known) : std::nullopt;
}

// An engine in a PID namespace of its own tells other numbers than ours: the cgroup decides.
Result<pid_t> container_process(const std::string& word) {
  for (const char* engine : {"docker", "podman"}) {
    const auto known = ask_engine(engine, word);
    if (!known) continue;
    if (known->process > 0 && is_member(known->process, known->id)) return known->process;
    return find_container_process(known->id, "/proc");
  }
  return find_container_process(word, "/proc");
}

Result<std::string> netns_path(const std::string& word) {
  const std::string path = word.find('/') == std::string::npos ? "/run/netns/" + word : word;
  if (::access(path.c_str(), F_OK) != 0)
    return fail("there is no network namespace " + egress::quoted(path) +
                " (a name below /run/netns, or a path such as /proc/PID/ns/net)");
  return path;
}

Result<std::string> cgroup_of_unit(const std::string& unit) {
  if (unit.starts_with('/')) return unit;
  const auto told =
      ctl::run_program({"systemctl", "show", "--property=ControlGroup", "--value", "--", unit});
  const std::string path = told && told->status == 0 ? trimmed(told->out) : "";
  if (path.empty())
    return fail("no unit " + egress::quoted(unit) + " runs (systemctl status " + unit + ")");
  return path;
}

Result<std::string> cgroup_path(const std::string& unit) {
  const auto path = cgroup_of_unit(unit);
  if (!path) return path;
  const auto root = find_cgroup_root("/proc/self/mountinfo");
  if (!root) return root;
  const std::string folder = *root + *path;
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return fail("there is no cgroup " + egress::quoted(folder));
  return folder;
}

Result<void> add_user(const std::string& word, Place& place) {
  auto account = find_account(word);
  if (!account) return tl::unexpected(account.error());
  if (::geteuid() != 0 && ::geteuid() != account->uid)
    return fail("only root may probe as another user");
  place.text += " as " + account->name;
  place.user = std::move(*account);
  return {};
}

Result<void> add_netns(const Words& words, Place& place) {
  if (!words.container.empty()) {
    const auto pid = container_process(words.container);
    if (!pid) return tl::unexpected(pid.error());
    const std::string proc = "/proc/" + std::to_string(*pid);
    place.netns = proc + "/ns/net";
    place.resolvers = read_nameservers(proc + "/root/etc/resolv.conf");
    place.text += " in container " + words.container;
    return {};
  }
  const auto path = netns_path(words.netns);
  if (!path) return tl::unexpected(path.error());
  place.netns = *path;
  place.text += " in network namespace " + *path;
  return {};
}

Result<void> add_cgroup(const std::string& unit, Place& place) {
  auto folder = cgroup_path(unit);
  if (!folder) return tl::unexpected(folder.error());
  place.cgroup = std::move(*folder);
  place.text += " in unit " + unit;
  return {};
}

}  // namespace

Result<Place> find_place(const Words& words) {
  Place place;
  Result<void> added;
  if (!words.user.empty()) added = add_user(words.user, place);
  const bool has_netns = !words.netns.empty() || !words.container.empty();
  if (added && has_netns) added = add_netns(words, place);
  if (added && !words.unit.empty()) added = add_cgroup(words.unit, place);
  if (!added) return tl::unexpected(added.error());
  if (!place.text.empty()) place.text.erase(0, 1);
  return place;
}

Result<Account> find_account(const std::string& name) {
  const auto uid = number(name);
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr && uid) entry = ::getpwuid(static_cast<uid_t>(*uid));
  if (entry == nullptr) return fail("there is no user " + egress::quoted(name));
  Account account{entry->pw_name, entry->pw_uid, entry->pw_gid, {}};
  int count = 0;
  ::getgrouplist(entry->pw_name, entry->pw_gid, nullptr, &count);
  account.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(entry->pw_name, account.gid, account.groups.data(), &count) < 0)
    return fail("the groups of " + egress::quoted(name) + " changed meanwhile");
  return account;
}

Result<pid_t> find_container_process(const std::string& id, const fs::path& proc) {
  std::optional<pid_t> first;
  std::error_code error;
  const bool is_id = id.size() >= kShortestId && id.find('/') == std::string::npos;
  for (const auto& folder : fs::directory_iterator(proc, error)) {
    const auto pid = number(folder.path().filename().string());
    if (!is_id || !pid || content(folder.path() / "cgroup").find(id) == std::string::npos) continue;
    first = first ? std::min(*first, *pid) : *pid;
  }
  if (first) return *first;
  return fail(
      "no container " + egress::quoted(id) +
      " runs here: give a name that docker or podman knows, or 12 or more letters of an id");
}

Result<std::string> find_cgroup_root(const fs::path& mountinfo) {
  std::ifstream mounts(mountinfo);
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; i < 5; ++i) fields >> field;  // the fifth is the mount point: proc(5)
    return field;
  }
  return fail("cgroup v2 is not mounted here");
}

std::vector<std::string> read_nameservers(const fs::path& resolv_conf) {
  std::vector<std::string> servers;
  // The container's own file: a link or a pipe in its place would lead us astray.
  const auto text = state::read_file(resolv_conf, limits::kResolvConfBytes, state::Guard::no_links);
  if (!text || !*text) return servers;
  for (const auto& resolver : resolvconf::parse_resolv_conf(**text).resolvers)
    servers.push_back(resolver.address.text());
  return servers;
}

}  // namespace egress::place
