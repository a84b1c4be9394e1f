#include "support/io_ring.hpp"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace egress::test {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Memory that the kernel shares.
class Shared {
 public:
  Shared(int ring, off_t what, std::size_t size)
      : size_(size),
        start_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what)) {
    if (start_ == MAP_FAILED) fail("mmap of a ring");
  }
  ~Shared() { munmap(start_, size_); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  template <class T>
  T* at(std::uint32_t offset) const {
    return reinterpret_cast<T*>(static_cast<std::byte*>(start_) + offset);
  }

 private:
  std::size_t size_;
  void* start_;
};

// One order, and its outcome.
int carry_out(int ring, const io_uring_params& parameters, const io_uring_sqe& order) {
  const Shared orders(ring, IORING_OFF_SQES, parameters.sq_entries * sizeof(io_uring_sqe));
  const Shared queue(ring, IORING_OFF_SQ_RING,
                     parameters.sq_off.array + parameters.sq_entries * sizeof(std::uint32_t));
  const Shared outcomes(ring, IORING_OFF_CQ_RING,
                        parameters.cq_off.cqes + parameters.cq_entries * sizeof(io_uring_cqe));
  *orders.at<io_uring_sqe>(0) = order;
  *queue.at<std::uint32_t>(parameters.sq_off.array) = 0;
  std::atomic_ref(*queue.at<std::uint32_t>(parameters.sq_off.tail)).store(1);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) != 1)
    fail("io_uring_enter");
  return outcomes.at<io_uring_cqe>(parameters.cq_off.cqes)->res;
}

}  // namespace

int send_by_ring(int descriptor, const msghdr& message) {
  io_uring_params parameters{};
  const int ring = static_cast<int>(syscall(SYS_io_uring_setup, 1, &parameters));
  if (ring < 0) fail("io_uring_setup");
  io_uring_sqe order{};
  order.opcode = IORING_OP_SENDMSG;
  order.flags = IOSQE_ASYNC;
  order.fd = descriptor;
  order.addr = reinterpret_cast<std::uintptr_t>(&message);
  order.len = 1;
  const int sent = carry_out(ring, parameters, order);
  close(ring);
  return sent < 0 ? -sent : 0;
}

}  // namespace egress::test
