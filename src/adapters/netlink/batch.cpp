#include "adapters/netlink/batch.hpp"

#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cassert>

#include "adapters/netlink/attributes.hpp"

namespace egress::netlink {
namespace {

// Begin and end of a batch are a header without attributes; both sizes are multiples of the
// alignment.
constexpr std::size_t kFrameLength = sizeof(nlmsghdr) + sizeof(nfgenmsg);
static_assert(sizeof(nlmsghdr) % MNL_ALIGNTO == 0 && sizeof(nfgenmsg) % MNL_ALIGNTO == 0);

constexpr std::size_t aligned(std::size_t length) {
  return (length + MNL_ALIGNTO - 1) / MNL_ALIGNTO * MNL_ALIGNTO;
}

// Which of the elements of a message holds the byte at `offset`.
std::size_t element_at(const nlmsghdr& message, std::size_t offset) {
  const auto* fault = reinterpret_cast<const std::uint8_t*>(&message) + offset;
  std::size_t index = 0;
  for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr& list) {
    if (mnl_attr_get_type(&list) != NFTA_SET_ELEM_LIST_ELEMENTS) return;
    for_each_nested(list, [&](const nlattr& element) {
      const auto* end = reinterpret_cast<const std::uint8_t*>(&element) + element.nla_len;
      if (end <= fault) ++index;
    });
  });
  return index;
}

}  // namespace

Batch::Batch(std::uint8_t family)
    : family_(family), scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(kMessageRoom)) {
  bytes_.reserve(4096);
  bytes_.resize(kFrameLength);
}

nlmsghdr* Batch::begin(std::uint16_t type, std::uint16_t flags) {
  return nftnl_nlmsg_build_hdr(reinterpret_cast<char*>(scratch_.get()), type, family_, flags, 0);
}

void Batch::append(const nlmsghdr& message) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&message);
  bytes_.insert(bytes_.end(), bytes, bytes + aligned(message.nlmsg_len));
}

void Batch::end(const nlmsghdr* message, Subject subject) {
  assert(message->nlmsg_len <= kMessageRoom);
  offsets_.push_back(bytes_.size());
  subjects_.push_back(std::move(subject));
  append(*message);
}

std::span<const std::uint8_t> Batch::finish(std::uint32_t first_sequence) {
  assert(!empty());
  nftnl_batch_begin(reinterpret_cast<char*>(bytes_.data()), first_sequence);
  std::uint32_t sequence = first_sequence;
  for (const std::size_t offset : offsets_) {
    reinterpret_cast<nlmsghdr*>(bytes_.data() + offset)->nlmsg_seq = ++sequence;
  }
  reinterpret_cast<nlmsghdr*>(bytes_.data() + offsets_.back())->nlmsg_flags |= NLM_F_ACK;
  append(*nftnl_batch_end(reinterpret_cast<char*>(scratch_.get()), ++sequence));
  return bytes_;
}

const nlmsghdr* Batch::message(std::size_t index) const {
  return reinterpret_cast<const nlmsghdr*>(bytes_.data() + offsets_[index]);
}

std::string Batch::blame(std::size_t index, std::size_t offset) const {
  if (index >= subjects_.size()) return "the batch as a whole";
  const Subject& subject = subjects_[index];
  if (subject.elements.empty() || offset == 0) return subject.text;
  const std::size_t at = element_at(*message(index), offset);
  if (at >= subject.elements.size()) return subject.text;
  return subject.text + ", element " + subject.elements[at].key.text();
}

}  // namespace egress::netlink
