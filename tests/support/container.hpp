// A container on a bridge of a Lab's host, and the host forwards for it; without address
// translation.
#pragma once

#include <string>

#include "support/lab.hpp"

namespace egress::test {

inline constexpr const char* kContainer4 = "172.20.0.2";

// Containers of one net share their bridge, whose addresses end in 1.
struct ContainerPlace {
  std::string bridge = "br-lab";
  int net = 20;  // 172.NET.0.0/16 and fdNET::/64
  int host = 2;  // the last octet
};

class Container {
 public:
  explicit Container(const Lab& lab, const ContainerPlace& place = {});
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const std::string& netns() const { return netns_; }
  // Its address, or that of the bridge, in the family AF_INET or AF_INET6.
  std::string address(int family) const { return address(family, place_.host); }
  std::string gateway(int family) const { return address(family, 1); }
  // Its link's name on the host.
  std::string port() const;

 private:
  std::string address(int family, int host) const;

  const ContainerPlace place_;
  const std::string netns_;
};

}  // namespace egress::test
