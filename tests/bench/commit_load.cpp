#include "bench/commit_load.hpp"

#include <stdexcept>
#include <string>
#include <thread>

#include "egress/nft/layout.hpp"

namespace egress::bench {

namespace {

IpAddress numbered(int i) {
  const auto octet = [&](int shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
  return IpAddress::v4({10, octet(16), octet(8), octet(0)});
}

nft::ElementKey element(int i, Shape shape) {
  return {.set = shape == Shape::nets ? nft::SetId::nets : nft::SetId::allow,
          .first = first_of(i, shape),
          .last = last_of(i, shape),
          .transport = Transport::tcp,
          .ports = {443, 443}};
}

}  // namespace

IpAddress first_of(int i, Shape shape) {
  return numbered(shape == Shape::nets ? i * 32 : i);
}

IpAddress last_of(int i, Shape shape) {
  return numbered(shape == Shape::nets ? i * 32 + 15 : i);
}

nft::Transaction additions(int first, int count, Shape shape) {
  nft::Transaction transaction;
  for (int i = first; i < first + count; ++i)
    transaction.changes.push_back({nft::Change::Verb::add, element(i, shape), kLifetime});
  return transaction;
}

void must_commit(nft::Kernel& kernel, const nft::Transaction& transaction) {
  const auto outcome = kernel.commit(transaction);
  if (outcome.status != nft::CommitOutcome::Status::committed)
    throw std::runtime_error(outcome.message);
}

void must_hold_elements(nft::Kernel& kernel, int count) {
  const auto table = kernel.read(nft::Base{});
  if (!table) throw std::runtime_error(table.error().message);
  if (table->elements.size() != static_cast<std::size_t>(count))
    throw std::runtime_error("the table holds " + std::to_string(table->elements.size()) +
                             " elements, not " + std::to_string(count));
}

// The second time waits until the kernel has done what the first left to be done.
void empty_table(nft::Kernel& kernel) {
  for (int i = 0; i < 2; ++i) must_commit(kernel, {nft::Base{}, {}});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

}  // namespace egress::bench
