// Preloaded into egressd: its civil clock and its clock since boot stand elsewhere, and jump while
// it runs.
//   CLOCK_SHIFTS=PATH
// The file holds two numbers of 64 bits, seconds to add to CLOCK_REALTIME and to CLOCK_BOOTTIME, and
// is read whenever a clock is. As after a suspend, what a timer waits for may be over when the clock
// has jumped; whoever jumps sees to it that the process wakes up.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* shifts;  // civil, since boot
static const int64_t kNone[2];

__attribute__((constructor)) static void prepare(void) {
  const char* path = getenv("CLOCK_SHIFTS");
  const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void* mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof kNone, PROT_READ, MAP_SHARED, fd, 0);
  shifts = mapped == MAP_FAILED ? kNone : mapped;
  if (fd >= 0) close(fd);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int64_t shift_of(clockid_t clock) {
  if (!shifts) return 0;  // too early
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) return shifts[0];
  return clock == CLOCK_BOOTTIME ? shifts[1] : 0;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int status = NEXT(clock_gettime)(clock, now);
  if (status == 0) now->tv_sec += shift_of(clock);
  return status;
}
int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  const int status = NEXT(gettimeofday)(now, zone);
  if (status == 0) now->tv_sec += shift_of(CLOCK_REALTIME);
  return status;
}
time_t time(time_t* kept) {
  const time_t now = NEXT(time)(NULL) + shift_of(CLOCK_REALTIME);
  if (kept) *kept = now;
  return now;
}

// egressd's timers stand on the clock since boot (sd_event(3)); the kernel has its own.
int timerfd_settime(int fd, int flags, const struct itimerspec* next, struct itimerspec* before) {
  struct itimerspec real = *next;
  const int is_armed = next->it_value.tv_sec != 0 || next->it_value.tv_nsec != 0;
  if ((flags & TFD_TIMER_ABSTIME) != 0 && is_armed) {
    real.it_value.tv_sec -= shift_of(CLOCK_BOOTTIME);
    // 0 would disarm it.
    if (real.it_value.tv_sec < 0) real.it_value = (struct timespec){0, 1};
  }
  return NEXT(timerfd_settime)(fd, flags, &real, before);
}
