#include "support/tun.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "support/address.hpp"
#include "support/as_user.hpp"
#include "support/child_process.hpp"

namespace egress::test {
namespace {

void make(const std::string& netns, const std::string& device, uid_t user, Tun::Kind kind) {
  const bool is_tap = kind == Tun::Kind::tap_of_bridge;
  const std::string last = is_tap ? "vmbr0" : device;
  std::string script = "ip tuntap add " + device + " mode " + (is_tap ? "tap" : "tun") + " user " +
                       std::to_string(user) + "; ip link set " + device + " up;";
  if (is_tap)
    script += "ip link add vmbr0 address 02:00:00:00:00:07 type bridge; ip link set " + device +
              " master vmbr0; ip link set vmbr0 up;";
  script += "ip address add 10.9.9.1/24 dev " + last + "; ip address add fd99::1/64 dev " + last +
            " nodad";
  const Finished finished = run({.words = {"sh", "-ec", script}, .netns = netns});
  if (finished.exit_code != 0) throw std::runtime_error(script + ": " + finished.output);
}

// /dev/net/tun may be root's alone; the right to the device is what counts.
int attach(const std::string& device, uid_t user, Tun::Kind kind) {
  const int made = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  become_in_thread(user);
  ifreq request{};
  request.ifr_flags = static_cast<short>((kind == Tun::Kind::tun ? IFF_TUN : IFF_TAP) | IFF_NO_PI);
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  if (made < 0 || ioctl(made, TUNSETIFF, &request) != 0)
    throw std::system_error(errno, std::generic_category(), "tun device");
  return made;
}

// To the bridge's own address on its link.
constexpr std::uint8_t kFrame[] = {2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1};

}  // namespace

Tun::Tun(const std::string& netns, const std::string& device, uid_t user, Kind kind) : kind_(kind) {
  make(netns, device, user, kind);
  device_ = in_namespace(netns, [&] { return attach(device, user, kind); });
}

Tun::~Tun() {
  close(device_);
}

int Tun::write(const IpPacket& packet) const {
  if (kind_ == Kind::tap_of_bridge) {
    IpPacket frame(std::begin(kFrame), std::end(kFrame));
    const bool is_v4 = packet.at(0) >> 4U == 4;
    frame.push_back(is_v4 ? 0x08 : 0x86);
    frame.push_back(is_v4 ? 0x00 : 0xdd);
    frame.insert(frame.end(), packet.begin(), packet.end());
    return ::write(device_, frame.data(), frame.size()) < 0 ? errno : 0;
  }
  return ::write(device_, packet.data(), packet.size()) < 0 ? errno : 0;
}

bool Tun::got(std::string_view text) {
  std::array<char, 65'536> packet;
  for (ssize_t size = 0; (size = ::read(device_, packet.data(), packet.size())) > 0;)
    read_.append(packet.data(), static_cast<std::size_t>(size));
  return read_.find(text) != std::string::npos;
}

}  // namespace egress::test
