#include "adapters/systemd/listen.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>

namespace egress::systemd {

std::vector<int> passed_descriptors(std::string_view name) {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/0, &names);
  std::vector<int> found;
  for (int i = 0; i < count; ++i) {
    if (names[i] == name) found.push_back(SD_LISTEN_FDS_START + i);
    std::free(names[i]);
  }
  std::free(names);
  return found;
}

}  // namespace egress::systemd
