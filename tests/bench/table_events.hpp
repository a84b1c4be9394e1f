// What the kernel announces about nf_tables, to know when a commit holds without asking anybody.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "bench/report.hpp"

struct mnl_socket;

namespace egress::bench {

// Listens in the network namespace of the constructing thread, from construction on.
class TableEvents {
 public:
  TableEvents();
  ~TableEvents();
  TableEvents(const TableEvents&) = delete;
  TableEvents& operator=(const TableEvents&) = delete;

  // When the next commit was announced (NFT_MSG_NEWGEN) that made the inet table of this name;
  // nothing if none is within the patience. The kernel announces what it has already put in force.
  std::optional<SteadyTime> creation_of(const std::string& table, std::chrono::seconds patience);

 private:
  mnl_socket* socket_ = nullptr;
};

}  // namespace egress::bench
