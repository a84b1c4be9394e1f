// One atomic nf_tables transaction in the making, and what each of its messages is about.
#pragma once

#include <libmnl/libmnl.h>
#include <netinet/in.h>
// after the C library's own
#include <linux/netfilter.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "egress/nft/transaction.hpp"

namespace egress::netlink {

class Batch {
 public:
  // What a message is about, for the error that may come back for it.
  struct Subject {
    std::string text;                        // "set allow4", "chain judge, rule: goto refuse"
    std::span<const nft::Command> elements;  // one for each element of the message, in order
  };

  // Of tables of one family: NFPROTO_INET, NFPROTO_NETDEV.
  explicit Batch(std::uint8_t family = NFPROTO_INET);
  std::uint8_t family() const { return family_; }

  // Adds one message; `fill(nlmsghdr*)` appends its attributes, at most
  // kMessageRoom bytes.
  template <class Fill>
  void add(std::uint16_t type, std::uint16_t flags, Subject subject, Fill fill) {
    nlmsghdr* message = begin(type, flags);
    fill(message);
    end(message, std::move(subject));
  }
  static constexpr std::size_t kMessageRoom = 80 << 10;

  bool empty() const { return offsets_.empty(); }
  // The messages between begin and end of the batch.
  std::uint32_t message_count() const { return static_cast<std::uint32_t>(offsets_.size()); }
  // Closes the batch: numbers the messages from `first_sequence` (its begin) on and asks for one
  // acknowledgement, of the last message. Nothing may be added afterwards.
  std::span<const std::uint8_t> finish(std::uint32_t first_sequence);

  // What the kernel complained about: message `index` (from 0), at a byte offset in it (0:
  // unknown).
  std::string blame(std::size_t index, std::size_t offset) const;

 private:
  nlmsghdr* begin(std::uint16_t type, std::uint16_t flags);
  void end(const nlmsghdr* message, Subject subject);
  void append(const nlmsghdr& message);
  const nlmsghdr* message(std::size_t index) const;

  std::uint8_t family_;
  std::unique_ptr<std::uint8_t[]> scratch_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::size_t> offsets_;
  std::vector<Subject> subjects_;
};

}  // namespace egress::netlink
