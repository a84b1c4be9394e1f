// Preloaded into egressd: it follows no changes of the packet filter, so that a hole which a test
// opens by hand stays open while `verify` looks for it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
  static int (*next)(int, int, int, const void*, socklen_t);
  if (!next)
    next = (int (*)(int, int, int, const void*, socklen_t))dlsym(RTLD_NEXT, "setsockopt");
  const int is_membership = level == SOL_NETLINK && name == NETLINK_ADD_MEMBERSHIP;
  if (is_membership && *(const int*)value == NFNLGRP_NFTABLES) return 0;
  return next(fd, level, name, value, size);
}
