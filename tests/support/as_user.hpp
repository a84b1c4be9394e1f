// Work as another user, in a thread of its own.
#pragma once

#include <sys/types.h>

#include <future>
#include <type_traits>
#include <utility>

namespace egress::test {

// The calling thread alone has this user's rights from now on, and its group of the same number.
void become_in_thread(uid_t user);

// What `work` returns or throws is in the future.
template <class Work>
std::future<std::invoke_result_t<Work>> start_as_user(uid_t user, Work work) {
  return std::async(std::launch::async, [user, work = std::move(work)]() mutable {
    become_in_thread(user);
    return work();
  });
}

template <class Work>
std::invoke_result_t<Work> as_user(uid_t user, Work work) {
  return start_as_user(user, std::move(work)).get();
}

}  // namespace egress::test
