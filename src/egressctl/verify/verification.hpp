// One verification, or one after another: with what was asked for on the command line.
#pragma once

#include <string>

#include "egressctl/place/place.hpp"
#include "egressctl/verify/asked_daemon.hpp"
#include "egressctl/verify/document.hpp"

namespace egress::verify {

struct Order {
  tls::Trust trust;
  Pace pace;
  Selection chosen;
  Outside outside;
  place::Place place;
  std::string junit;  // files to write; empty: none
  std::string html;
};

struct Outcome {
  Report report;
  doctor::Findings weaknesses;
  About about;

  Document document() const { return {report, weaknesses, about}; }
  ctl::Exit exit() const {
    return report.verdict == Verdict::proven ? ctl::Exit::done : ctl::Exit::failed;
  }
};

// Asks, probes and judges. Where that could not be done, the user has been told.
tl::expected<Outcome, ctl::Exit> verify_once(ctl::Context& context, const Order& order);

// Writes the files of the order, each as a whole. False: one could not be written, and the user has
// been told.
bool write_files(ctl::Context& context, const Order& order, const Outcome& outcome);

}  // namespace egress::verify
