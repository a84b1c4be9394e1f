// Keeps the last-known-good file in the background, so that the loop never waits for a disk, nor for the sorting and
// printing of tens of thousands of lines.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "egress/core/result.hpp"
#include "egress/dns/known_address.hpp"

namespace egress::state {

class KnownAddressesWriter {
 public:
  // Starts its thread: privileges must have been dropped before.
  explicit KnownAddressesWriter(std::string path);
  // Writes what is still to be written.
  ~KnownAddressesWriter();
  KnownAddressesWriter(const KnownAddressesWriter&) = delete;
  KnownAddressesWriter& operator=(const KnownAddressesWriter&) = delete;

  // Takes the addresses, in any order, and returns at once. Of several that wait the latest is written.
  void write(dns::KnownAddressPack known);
  // Waits until all of it is on the disk.
  void finish();
  // The failure of a write since the last call.
  std::optional<Error> take_error();

 private:
  void run();

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<dns::KnownAddressPack> waiting_;
  bool is_writing_ = false;
  bool is_over_ = false;
  std::optional<Error> error_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace egress::state
