// A lab whose internet is the model providers, under their real names.
#pragma once

#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/dns_server.hpp"
#include "support/lab.hpp"

namespace egress::test {

// The policy with one target, and times that are over soon.
std::string policy_of(const std::string& target);

class ProvidersWorld {
 public:
  ProvidersWorld();

  const Lab& lab() const { return lab_; }
  std::filesystem::path ca() const { return lab_.dir() / "ca.pem"; }
  // From now on every name has other addresses.
  void rotate();
  // Requests that a host of this name was sent; below it, too.
  std::size_t requests_to(const std::string& name) const;
  // Questions that the internet was asked about it.
  std::size_t questions_for(const std::string& name) const { return dns_.asked(name); }

 private:
  void make_certificate() const;
  std::filesystem::path requests() const { return lab_.dir() / "requests"; }

  Lab lab_;
  DnsServer dns_{lab_.net()};
  ChildProcess providers_;
  int turn_ = 0;
};

}  // namespace egress::test
