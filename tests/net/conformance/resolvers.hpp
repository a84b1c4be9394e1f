// unbound as the resolver of the internet, and as the reference that forwards to it like the guard.
#pragma once

#include <cstdint>
#include <string>

#include "net/conformance/corpus.hpp"
#include "support/lab.hpp"

namespace egress::test::conformance {

inline constexpr std::uint16_t kReferencePort = 5300;
inline constexpr std::uint16_t kLamePort = 5301;
inline constexpr std::uint16_t kSlowPort = 5302;

// An unbound on the internet's side. Answers questions once it is constructed.
class Unbound {
 public:
  // `settings` follow those that every one of them has.
  Unbound(const Lab& lab, const std::string& name, std::uint16_t port, const std::string& settings);

 private:
  ChildProcess process_;
};

// Follows the corpus's aliases from zone to zone, as a resolver does; at kResolver.
std::string upstream_settings(const Lab& lab, const Corpus& corpus);
// Asks the resolver at kResolver, and for the zones beneath as well, each with a memory of its own
// for how the server behaves.
std::string reference_settings(const std::vector<std::string>& zones = {});

}  // namespace egress::test::conformance
