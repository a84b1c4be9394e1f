// A listener in a private network, and clients that talk to it from the same thread.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/dns_listener/dns_listener.hpp"
#include "adapters/file_descriptor.hpp"
#include "egress/core/limits.hpp"
#include "support/address.hpp"
#include "unit/adapters/loopback.hpp"
#include "unit/adapters/private_network.hpp"

namespace egress::dns_listener {

using Octets = std::vector<std::uint8_t>;
inline constexpr Port kPort = 10053;

// Of at least twelve octets; the first two are `id`.
inline Octets message(unsigned id, std::size_t size = 40) {
  Octets octets(size, 0xab);
  octets[0] = static_cast<std::uint8_t>(id >> 8);
  octets[1] = static_cast<std::uint8_t>(id);
  return octets;
}

inline Octets framed(const Octets& content) {
  Octets octets{static_cast<std::uint8_t>(content.size() >> 8),
                static_cast<std::uint8_t>(content.size())};
  octets.insert(octets.end(), content.begin(), content.end());
  return octets;
}

inline Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// A client's socket; connected, so that its kernel refuses what comes from anywhere else.
class Socket {
 public:
  Socket(int type, const std::string& to, const std::string& from = "", Port from_port = 0) {
    const test::SocketAddress peer(to, kPort);
    fd_ = FileDescriptor(socket(peer.family(), type | SOCK_CLOEXEC, 0));
    const timeval patience{2, 0};
    setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!from.empty()) {
      const test::SocketAddress own(from, from_port);
      EXPECT_EQ(bind(fd(), own.get(), own.length), 0) << from << ": " << strerror(errno);
    }
    EXPECT_EQ(connect(fd(), peer.get(), peer.length), 0) << to << ": " << strerror(errno);
  }

  int fd() const { return fd_.get(); }
  void send(const Octets& octets) const {
    EXPECT_EQ(::send(fd(), octets.data(), octets.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(octets.size()))
        << strerror(errno);
  }
  // One datagram, or what is there of a stream; empty: nothing, or the end.
  Octets receive(int flags = 0) const {
    Octets octets(70'000);
    const ssize_t got = recv(fd(), octets.data(), octets.size(), flags);
    octets.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return octets;
  }
  // That many octets of a stream, or what there is before its end.
  Octets receive_exactly(std::size_t size) const {
    Octets octets(size);
    const ssize_t got = recv(fd(), octets.data(), size, MSG_WAITALL);
    octets.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return octets;
  }
  // The next message of a stream.
  Octets receive_frame() const {
    const Octets length = receive_exactly(2);
    return length.size() < 2 ? Octets{} : receive_exactly(std::size_t{length[0]} << 8 | length[1]);
  }
  // The other side has closed, in order or with a reset.
  bool is_cut_off() const {
    std::uint8_t octet = 0;
    const ssize_t got = recv(fd(), &octet, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
  }
  Port port() const {
    sockaddr_in6 own{};
    socklen_t length = sizeof own;
    getsockname(fd(), reinterpret_cast<sockaddr*>(&own), &length);
    return ntohs(own.sin6_port);
  }

 private:
  FileDescriptor fd_;
};

inline IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

class DnsListenerTest : public testing::Test {
 protected:
  struct Asked {
    Client client;
    Octets octets;
    bool operator==(const Asked& other) const { return octets == other.octets; }
  };

  static void SetUpTestSuite() {
    test::enter_private_network();
    for (const std::string address : {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"})
      test::add_to_loopback(address);
  }

  DnsListener::OnMessage on_message() {
    return [this](const Client& client, std::span<const std::uint8_t> octets) {
      asked_.push_back({client, Octets(octets.begin(), octets.end())});
      if (echoes_) listener_.reply(client, octets);
    };
  }
  bool has_work(int milliseconds_to_wait = 0) const {
    pollfd waiting{listener_.fd(), POLLIN, 0};
    return poll(&waiting, 1, milliseconds_to_wait) == 1;
  }
  void turn() {
    has_work(1000);
    listener_.dispatch(now_);
    listener_.flush(now_);
  }
  // Until there is nothing to do any more.
  void turns() {
    turn();
    while (has_work(2)) turn();
  }
  const DnsListener::Tally& tally() const { return listener_.tally(); }

  // Who has which address of this host; the others are behind links.
  DnsListener::OwnerOf owner_of() {
    return [this](int, const Client& client) -> std::optional<uid_t> {
      const auto at = users_.find(client.address);
      return at == users_.end() ? std::nullopt : std::optional(at->second);
    };
  }

  std::map<IpAddress, uid_t> users_;
  bool echoes_ = true;
  std::vector<Asked> asked_;
  Instant now_{seconds(1000)};
  DnsListener listener_ = DnsListener::open(kPort, on_message(), owner_of()).value();
};

}  // namespace egress::dns_listener
