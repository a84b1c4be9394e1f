#include "egressd/table_changes.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <new>
#include <type_traits>

#include "adapters/system_error.hpp"
#include "egress/core/limits.hpp"

namespace egress::daemon {

// The latest keys, in a ring; `count` are all that there ever were.
struct TableChanges::Shared {
  std::atomic<std::uint64_t> count{0};
  std::array<nft::ElementKey, limits::kChangesRemembered> keys{};
};

static_assert(std::is_trivially_copyable_v<nft::ElementKey>, "another process reads it");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "another process reads it");

void TableChanges::Unmap::operator()(Shared* shared) const {
  munmap(shared, sizeof(Shared));
}

Result<TableChanges> TableChanges::make() {
  void* const memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("cannot share memory with the processes of reports");
  return TableChanges(new (memory) Shared);
}

void TableChanges::note(const nft::Transaction& transaction) {
  if (transaction.replace || transaction.changes.size() > shared_->keys.size())
    return note_everything();
  for (const nft::Change& change : transaction.changes) {
    const std::uint64_t number = shared_->count.load(std::memory_order_relaxed);
    shared_->keys[number % shared_->keys.size()] = change.key;
    shared_->count.store(number + 1, std::memory_order_release);
  }
}

void TableChanges::note_everything() {
  shared_->count.fetch_add(shared_->keys.size() + 1, std::memory_order_release);
}

TableChanges::Mark TableChanges::mark() const {
  return shared_->count.load(std::memory_order_acquire);
}

std::optional<std::set<nft::ElementKey>> TableChanges::since(Mark mark) const {
  const std::uint64_t room = shared_->keys.size();
  const std::uint64_t count = shared_->count.load(std::memory_order_acquire);
  if (count - mark > room) return std::nullopt;
  std::set<nft::ElementKey> keys;
  for (std::uint64_t number = mark; number < count; ++number)
    keys.insert(shared_->keys[number % room]);
  // The oldest may have been written over while they were read.
  if (shared_->count.load(std::memory_order_acquire) - mark >= room) return std::nullopt;
  return keys;
}

}  // namespace egress::daemon
