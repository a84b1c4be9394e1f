// Makes probes from another place: a child goes there, makes them, and tells what it saw.
#pragma once

#include <string>

#include "egressctl/place/place.hpp"
#include "egressctl/verify/prober.hpp"

namespace egress::place {

// The process must have one thread when it probes: it forks.
class Elsewhere : public verify::Prober {
 public:
  Elsewhere(Place place, const tls::Trust& trust, const verify::Pace& pace)
      : place_(std::move(place)), trust_(trust), pace_(pace) {}

  std::optional<std::vector<verify::Trial>> probe(const std::vector<verify::Probe>& probes,
                                                  const verify::Progress& progress) override;
  bool is_other_user() const override { return place_.user.has_value(); }
  std::string user() const override {
    return place_.user ? place_.user->name + " (uid " + std::to_string(place_.user->uid) + ")"
                       : Prober::user();
  }
  bool is_forwarded() const override { return !place_.netns.empty(); }
  const std::string& error() const { return error_; }  // why there were no trials; else empty

 private:
  std::optional<std::vector<verify::Trial>> trials(const std::vector<verify::Probe>& probes,
                                                   std::string_view told);

  const Place place_;
  const tls::Trust& trust_;
  const verify::Pace pace_;
  std::string error_;
};

}  // namespace egress::place
