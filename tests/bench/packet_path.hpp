// A host with an egressd, or with none, and what its packet path takes: of a connection, of a
// datagram, of the host's own and of a container's. One thread plays both ends in a loop, with no
// other program in between, so that nearly all it costs is the kernel's work.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/cost.hpp"
#include "support/container.hpp"
#include "support/lab.hpp"

namespace egress::bench {

class PacketPath {
 public:
  // An egressd of this path; empty: no firewall at all.
  explicit PacketPath(const std::string& egressd);
  ~PacketPath();
  PacketPath(const PacketPath&) = delete;
  PacketPath& operator=(const PacketPath&) = delete;

  struct Operation {
    enum class Kind {
      connection,  // made, accepted, reset
      refusal,     // a connection that the host refuses
      datagram,    // of a flow that was answered
      unanswered,  // a datagram of a flow that was not: judged like the first
    };
    std::string name;
    Kind kind;
    bool is_container = false;
    bool is_ipv6 = false;
    std::size_t burst;  // how often in one burst
  };
  static const std::vector<Operation>& operations();

  // Throws if what is to pass does not, or what is to be refused passes.
  Cost burst(const Operation& operation) const;

 private:
  std::string sender(const Operation& operation) const;

  test::Lab lab_;
  test::Container container_;
  std::optional<test::Daemon> daemon_;
  int listener_ = -1;
  int receiver4_ = -1, receiver6_ = -1;
};

}  // namespace egress::bench
