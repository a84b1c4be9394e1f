#include "adapters/cares/source_ports.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include "adapters/file_descriptor.hpp"

namespace egress::cares {
namespace {

Port port_of(int socket) {
  sockaddr_in6 at{};
  socklen_t length = sizeof at;
  EXPECT_EQ(getsockname(socket, reinterpret_cast<sockaddr*>(&at), &length), 0);
  return ntohs(at.sin6_port);
}

std::set<Port> ports_of(SourcePorts& ports, std::size_t sockets, int family) {
  std::set<Port> seen;
  for (std::size_t i = 0; i < sockets; ++i) {
    const FileDescriptor one(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ports.bind(one.get());
    seen.insert(port_of(one.get()));
  }
  return seen;
}

TEST(SourcePortsTest, AreFewAndChangeWithUse) {
  for (const int family : {AF_INET, AF_INET6}) {
    SourcePorts ports;
    const auto first = ports_of(ports, SourcePorts::kUses, family);
    const auto second = ports_of(ports, SourcePorts::kUses, family);
    for (const auto& draw : {first, second}) {
      EXPECT_LE(draw.size(), SourcePorts::kPorts);
      EXPECT_GE(draw.size(), SourcePorts::kPorts / 2);
      EXPECT_FALSE(draw.contains(0));
    }
    std::set<Port> both;
    std::ranges::set_intersection(first, second, std::inserter(both, both.end()));
    EXPECT_LT(both.size(), SourcePorts::kPorts / 4) << "others took their place";
  }
}

TEST(SourcePortsTest, OneThatAnotherProgramHasIsLeftToTheKernel) {
  SourcePorts ports;
  const auto all = ports_of(ports, SourcePorts::kPorts, AF_INET);
  std::vector<FileDescriptor> taken;
  for (const Port port : all) {
    FileDescriptor one(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    if (bind(one.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0)
      taken.push_back(std::move(one));
  }
  const FileDescriptor one(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ports.bind(one.get());
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(one.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  EXPECT_NE(port_of(one.get()), 0);
}

}  // namespace
}  // namespace egress::cares
