#include "adapters/resolvconf/watch.hpp"

#include <sys/inotify.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "adapters/system_error.hpp"

namespace egress::resolvconf {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFolderEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                   IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr unsigned kFileEvents = IN_CLOSE_WRITE;
constexpr int kLinksFollowed = 8;

// Where the link points; empty if the path is not a link.
fs::path target_of(const fs::path& path) {
  std::error_code error;
  const auto target = fs::read_symlink(path, error);
  return error ? fs::path() : path.parent_path() / target;
}

}  // namespace

Watch::Watch(FileDescriptor inotify, Paths paths)
    : inotify_(std::move(inotify)), paths_(std::move(paths)) {}

Result<Watch> Watch::open(Paths paths) {
  FileDescriptor inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.is_open()) return fail_errno("inotify_init1");
  Watch watch(std::move(inotify), std::move(paths));
  watch.follow();
  watch.current_ = read_system_resolvers(watch.paths_);
  return watch;
}

bool Watch::dispatch() {
  // What the notices say does not matter: everything is looked at anew.
  std::array<char, 4096> ignored{};
  while (::read(inotify_.get(), ignored.data(), ignored.size()) > 0) {
  }
  follow();
  auto found = read_system_resolvers(paths_);
  if (found == current_) return false;
  current_ = std::move(found);
  return true;
}

// Until two rounds see the same: a folder may appear just before its parent is watched.
void Watch::follow() {
  constexpr int kRounds = 4;
  std::set<int> before;
  for (int round = 0; round < kRounds; ++round) {
    before = watches_;
    follow_once();
    if (watches_ == before) return;
  }
}

void Watch::follow_once() {
  const auto before = std::exchange(watches_, {});
  watch_hops(paths_.resolv_conf);
  watch_hops(paths_.upstreams);
  for (const int watch : before)
    if (!watches_.contains(watch)) inotify_rm_watch(inotify_.get(), watch);
}

// The folder of every link on the way and of the file itself, or the nearest one that exists; each
// is watched before what is in it is looked at. And the file itself, which may be bind-mounted from
// elsewhere.
void Watch::watch_hops(const std::string& path) {
  fs::path hop = path;
  for (int links = 0; links < kLinksFollowed && !hop.empty(); ++links) {
    auto folder = hop.parent_path();
    while (!add(folder.string(), kFolderEvents) && folder.has_relative_path())
      folder = folder.parent_path();
    hop = target_of(hop);
  }
  add(path, kFileEvents);
}

bool Watch::add(const std::string& path, unsigned events) {
  const int watch = inotify_add_watch(inotify_.get(), path.c_str(), events);
  if (watch >= 0) watches_.insert(watch);
  return watch >= 0;
}

}  // namespace egress::resolvconf
