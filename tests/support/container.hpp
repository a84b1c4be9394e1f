// A container on a bridge of a Lab's host, and the host forwards for it; without address
// translation.
#pragma once

#include <string>

#include "support/lab.hpp"

namespace egress::test {

inline constexpr const char* kContainer4 = "172.20.0.2";

class Container {
 public:
  explicit Container(const Lab& lab);  // on the bridge br-lab
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const std::string& netns() const { return netns_; }

 private:
  const std::string netns_;
};

}  // namespace egress::test
