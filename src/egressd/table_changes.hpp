// Which elements the daemon has changed of late, in memory that it shares with the processes it
// forks: they read the table while the daemon goes on changing it, and must not take that for a
// difference.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>

#include "egress/core/result.hpp"
#include "egress/nft/transaction.hpp"

namespace egress::daemon {

class TableChanges {
 public:
  static Result<TableChanges> make();

  // Before the change is sent, so that nobody sees it before it is noted.
  void note(const nft::Transaction& transaction);
  // Of more than elements: rules, or all of it.
  void note_everything();

  using Mark = std::uint64_t;
  Mark mark() const;
  // What has changed since then. Empty: more than can be told, or everything.
  std::optional<std::set<nft::ElementKey>> since(Mark mark) const;

 private:
  struct Shared;
  struct Unmap {
    void operator()(Shared* shared) const;
  };
  explicit TableChanges(Shared* shared) : shared_(shared) {}
  std::unique_ptr<Shared, Unmap> shared_;
};

}  // namespace egress::daemon
