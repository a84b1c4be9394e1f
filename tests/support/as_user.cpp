#include "support/as_user.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace egress::test {

// By system calls, since those of the C library change every thread of the process.
void become_in_thread(uid_t user) {
  if (syscall(SYS_setgroups, 0, nullptr) != 0 || syscall(SYS_setresgid, user, user, user) != 0 ||
      syscall(SYS_setresuid, user, user, user) != 0)
    throw std::system_error(errno, std::generic_category(), "setresuid");
}

}  // namespace egress::test
