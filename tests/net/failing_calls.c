// Preloaded into egressd: the Nth call of one kind fails, once.
//   FAIL_KIND=file|netlink FAIL_AT=N FAIL_ERRNO=E FAIL_LOG=PATH
// To PATH goes the name of the call that has failed. A file is what lies in a directory, without
// standard output and error; netlink is every such socket.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;
static long fail_at;
static int fail_errno;
static int fails_files;
static int log_fd = -1;

// The tools that start egressd are spared: the count begins in its own process.
__attribute__((constructor)) static void prepare(void) {
  const char* at = getenv("FAIL_AT");
  const char* error = getenv("FAIL_ERRNO");
  const char* kind = getenv("FAIL_KIND");
  const char* path = getenv("FAIL_LOG");
  if (!at || !error || !kind || !path || strcmp(program_invocation_short_name, "egressd") != 0)
    return;
  log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  fail_errno = atoi(error);
  fails_files = strcmp(kind, "file") == 0;
  fail_at = atol(at);
}

static int fails(int is_file, const char* call) {
  if (fail_at == 0 || is_file != fails_files || atomic_fetch_add(&calls, 1) + 1 != fail_at)
    return 0;
  dprintf(log_fd, "%s\n", call);
  errno = fail_errno;
  return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_file(int fd) {
  struct stat info;
  const int before = errno;
  const int is_it = fd > 2 && fd != log_fd && NEXT(fstat)(fd, &info) == 0 &&
                    (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
  errno = before;
  return is_it;
}

static int is_netlink(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  const int before = errno;
  const int is_it =
      getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK;
  errno = before;
  return is_it;
}

static int has_mode(int flags) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}
#define MODE_OF(flags)           \
  mode_t mode = 0;               \
  if (has_mode(flags)) {         \
    va_list rest;                \
    va_start(rest, flags);       \
    mode = va_arg(rest, mode_t); \
    va_end(rest);                \
  }

int open(const char* path, int flags, ...) {
  MODE_OF(flags)
  return fails(1, "open") ? -1 : NEXT(open)(path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  MODE_OF(flags)
  return fails(1, "openat") ? -1 : NEXT(openat)(directory, path, flags, mode);
}
ssize_t read(int fd, void* buffer, size_t size) {
  return is_file(fd) && fails(1, "read") ? -1 : NEXT(read)(fd, buffer, size);
}
ssize_t write(int fd, const void* buffer, size_t size) {
  return is_file(fd) && fails(1, "write") ? -1 : NEXT(write)(fd, buffer, size);
}
int fsync(int fd) {
  return fails(1, "fsync") ? -1 : NEXT(fsync)(fd);
}
int fchmod(int fd, mode_t mode) {
  return fails(1, "fchmod") ? -1 : NEXT(fchmod)(fd, mode);
}
int fstat(int fd, struct stat* info) {
  return is_file(fd) && fails(1, "fstat") ? -1 : NEXT(fstat)(fd, info);
}
int renameat(int from, const char* old, int to, const char* name) {
  return fails(1, "renameat") ? -1 : NEXT(renameat)(from, old, to, name);
}
int renameat2(int from, const char* old, int to, const char* name, unsigned flags) {
  return fails(1, "renameat2") ? -1 : NEXT(renameat2)(from, old, to, name, flags);
}
int unlinkat(int directory, const char* path, int flags) {
  return fails(1, "unlinkat") ? -1 : NEXT(unlinkat)(directory, path, flags);
}
int mkdir(const char* path, mode_t mode) {
  return fails(1, "mkdir") ? -1 : NEXT(mkdir)(path, mode);
}

int socket(int domain, int type, int protocol) {
  return domain == AF_NETLINK && fails(0, "socket") ? -1 : NEXT(socket)(domain, type, protocol);
}
int bind(int fd, const struct sockaddr* address, socklen_t size) {
  return is_netlink(fd) && fails(0, "bind") ? -1 : NEXT(bind)(fd, address, size);
}
ssize_t send(int fd, const void* buffer, size_t size, int flags) {
  return is_netlink(fd) && fails(0, "send") ? -1 : NEXT(send)(fd, buffer, size, flags);
}
ssize_t sendto(int fd, const void* buffer, size_t size, int flags, const struct sockaddr* to,
               socklen_t to_size) {
  return is_netlink(fd) && fails(0, "sendto") ? -1
                                              : NEXT(sendto)(fd, buffer, size, flags, to, to_size);
}
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  return is_netlink(fd) && fails(0, "sendmsg") ? -1 : NEXT(sendmsg)(fd, message, flags);
}

// But for an interruption, what would have been received is lost.
static ssize_t lose(int fd, ssize_t got, const char* call) {
  if (got < 0 || !is_netlink(fd) || !fails(0, call)) return got;
  return -1;
}
static int is_interrupted(int fd, const char* call) {
  return fail_errno == EINTR && is_netlink(fd) && fails(0, call);
}
ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  if (fail_errno == EINTR)
    return is_interrupted(fd, "recv") ? -1 : NEXT(recv)(fd, buffer, size, flags);
  return lose(fd, NEXT(recv)(fd, buffer, size, flags), "recv");
}
ssize_t recvfrom(int fd, void* restrict buffer, size_t size, int flags,
                 struct sockaddr* restrict from, socklen_t* restrict from_size) {
  if (fail_errno == EINTR && is_interrupted(fd, "recvfrom")) return -1;
  const ssize_t got = NEXT(recvfrom)(fd, buffer, size, flags, from, from_size);
  return fail_errno == EINTR ? got : lose(fd, got, "recvfrom");
}
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  if (fail_errno == EINTR && is_interrupted(fd, "recvmsg")) return -1;
  const ssize_t got = NEXT(recvmsg)(fd, message, flags);
  return fail_errno == EINTR ? got : lose(fd, got, "recvmsg");
}
