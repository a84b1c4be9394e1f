#include "adapters/host/own_key.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace egress::host {
namespace {

// Above what programs without rights may set (SO_PRIORITY, socket(7)).
constexpr std::uint32_t kLowestPriority = 0x10000;

std::uint32_t random_number() {
  std::uint32_t number = 0;
  while (getrandom(&number, sizeof number, 0) != sizeof number)
    if (errno != EINTR) std::abort();  // no kernel refuses four bytes
  return number;
}

}  // namespace

OwnKey draw_own_key() {
  OwnKey key{0, 0};
  while (key.mark == 0) key.mark = random_number() & kFreeMarkBits;
  while (key.priority < kLowestPriority) key.priority = random_number();
  return key;
}

}  // namespace egress::host
