// Who answers a question to port 53, as a program sees it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

#include "egress/core/ip_address.hpp"
#include "egress/core/own_key.hpp"

namespace egress::test {

struct Question {
  Transport transport = Transport::udp;
  std::string address;
  Port port = 53;
  std::string from = {};    // the source address; empty: any
  Port source = 0;          // and port; 0: any
  uid_t user = 0;           // whose socket it is
  OwnKey key{0, 0};         // SO_MARK, SO_PRIORITY
  std::string device = {};  // SO_BINDTODEVICE; empty: not bound
};
std::ostream& operator<<(std::ostream& out, const Question& question);

inline constexpr const char* kRefused = "refused";  // an error came back
inline constexpr const char* kSilence = "silence";  // nothing within the patience

// A socket inside `netns` that is connected to the server of the question, so that an answer counts
// only when it comes from there.
class Asker {
 public:
  Asker(const std::string& netns, const Question& question);
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  // What the server says to one more question, or one of the above.
  std::string ask(std::chrono::milliseconds patience = std::chrono::milliseconds(500));

 private:
  int socket_ = -1;
  int error_ = 0;  // of making the connection
};

std::string ask(const std::string& netns, const Question& question);

}  // namespace egress::test
