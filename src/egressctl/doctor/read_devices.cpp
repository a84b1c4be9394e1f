// Links that programs write to, and ways out that are no network.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

// After the C library's own.
#include <linux/vm_sockets.h>

#include <algorithm>
#include <fstream>

#include "adapters/file_descriptor.hpp"
#include "egressctl/doctor/read.hpp"

namespace egress::doctor {
namespace {

namespace fs = std::filesystem;

std::vector<WrittenLink> written_links(const Links& all, const Accounts& accounts) {
  std::vector<WrittenLink> links;
  for (const host::LinkState& state : all) {
    if (!state.is_written) continue;
    WrittenLink link{state.name, {}, 0};
    if (state.writer) {
      link.owner = accounts.user_name(*state.writer);
      link.uid = *state.writer;
    }
    links.push_back(std::move(link));
  }
  return links;
}

// vsock(7): a guest has a number above that of the host.
std::optional<std::uint32_t> guest_number(const fs::path& device) {
  const FileDescriptor vsock(::open(device.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::uint32_t cid = VMADDR_CID_ANY;
  const bool is_told =
      vsock.is_open() && ::ioctl(vsock.get(), IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) == 0;
  const bool is_guest = is_told && cid != VMADDR_CID_ANY && cid > VMADDR_CID_HOST;
  return is_guest ? std::optional(cid) : std::nullopt;
}

bool may_all_write(const fs::path& device) {
  struct stat status {};
  return ::stat(device.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0;
}

}  // namespace

Devices read_devices(const fs::path& root, const Links& links, const Accounts& accounts) {
  Devices devices;
  std::error_code ignored;
  devices.written = written_links(links, accounts);
  devices.vsock_cid = guest_number(root / "dev/vsock");
  devices.hosts_vsock = fs::exists(root / "dev/vhost-vsock", ignored);
  for (const auto& device : fs::directory_iterator(root / "sys/class/infiniband", ignored))
    devices.rdma.push_back(device.path().filename());
  for (const auto& device : fs::directory_iterator(root / "dev/infiniband", ignored))
    devices.is_rdma_for_all = devices.is_rdma_for_all || may_all_write(device.path());
  return devices;
}

unsigned read_first_free_port(const fs::path& root) {
  constexpr unsigned kUsual = 1024;
  unsigned port = kUsual;
  std::ifstream file(root / "proc/sys/net/ipv4/ip_unprivileged_port_start");
  return file >> port ? port : kUsual;
}

}  // namespace egress::doctor
