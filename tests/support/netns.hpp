// A network namespace that belongs to one test.
#pragma once

#include <string>

namespace egress::test {

// Named egt-<pid>-<n>, with "lo" up; deleted on destruction. The first of a process also deletes
// those whose process died without doing so. Throws where namespaces cannot be made: such a test
// fails, it is never skipped.
class NetworkNamespace {
 public:
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  const std::string& name() const { return name_; }
  // Runs a program inside; its output. Throws when it fails, with what it said.
  std::string run(const std::string& command_line) const;
  // Until then a link drops what is sent: the kernel notices a new carrier up to a second late.
  void await_link(const std::string& device) const;

 private:
  std::string name_;
};

}  // namespace egress::test
