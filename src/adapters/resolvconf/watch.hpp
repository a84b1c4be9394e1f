// Follows the system's resolvers as their files change.
#pragma once

#include <set>
#include <string>

#include "adapters/file_descriptor.hpp"
#include "adapters/resolvconf/resolv_conf.hpp"
#include "egress/core/result.hpp"

namespace egress::resolvconf {

// Sees files written in place, replaced by rename, and links that are made to point elsewhere; also
// files and folders that do not exist yet.
class Watch {
 public:
  static Result<Watch> open(Paths paths);

  // The resolvers as of the last call of open() or dispatch().
  const SystemResolvers& current() const { return current_; }
  // Readable when dispatch() has something to read.
  int fd() const { return inotify_.get(); }
  // Takes all notices in. True when current() has changed.
  bool dispatch();

 private:
  Watch(FileDescriptor inotify, Paths paths);
  void follow();
  void follow_once();
  void watch_hops(const std::string& path);
  bool add(const std::string& path, unsigned events);

  FileDescriptor inotify_;
  Paths paths_;
  std::set<int> watches_;
  SystemResolvers current_;
};

}  // namespace egress::resolvconf
