#include "adapters/netlink/commit.hpp"

#include <linux/netlink.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>

#include "adapters/netlink/attributes.hpp"

namespace egress::netlink {
namespace {

using nft::CommitOutcome;
using Status = CommitOutcome::Status;

struct Complaint {
  std::size_t message = 0;  // index within the batch; SIZE_MAX: the batch as a whole
  std::size_t offset = 0;   // of the attribute at fault, 0: unknown
  int error = 0;
};

// The kernel answers in order: an error for each message at fault, then the acknowledgement of the
// last message. An error about the begin of the batch ends the answer at once: nothing was looked
// at, or the commit itself failed.
class Answers {
 public:
  Answers(std::uint32_t first_sequence, std::uint32_t message_count)
      : first_(first_sequence), count_(message_count) {}

  bool is_complete() const { return is_complete_; }
  const std::optional<Complaint>& complaint() const { return complaint_; }

  void take(const nlmsghdr* answer) {
    if (answer->nlmsg_type != NLMSG_ERROR) return;
    if (mnl_nlmsg_get_payload_len(answer) < sizeof(nlmsgerr)) return;
    const std::uint32_t distance = answer->nlmsg_seq - first_;
    if (distance > count_) return;  // not about this batch
    const auto* body = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer));
    if (body->error != 0 && !complaint_) {
      const std::size_t message = distance == 0 ? SIZE_MAX : distance - 1;
      complaint_ = {message, offset_of_fault(answer), -body->error};
    }
    is_complete_ = is_complete_ || distance == 0 || distance == count_;
  }

 private:
  static std::size_t offset_of_fault(const nlmsghdr* answer) {
    if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return 0;
    std::size_t offset = 0;
    for_each_attribute(*answer, sizeof(nlmsgerr), [&](const nlattr& attribute) {
      if (mnl_attr_get_type(&attribute) == NLMSGERR_ATTR_OFFS)
        offset = number_in<std::uint32_t>(&attribute).value_or(0);
    });
    return offset;
  }

  std::uint32_t first_;
  std::uint32_t count_;
  bool is_complete_ = false;
  std::optional<Complaint> complaint_;
};

// Reads until the answer is complete. 0, or the errno that ended the reading early.
int collect(Socket& socket, Answers& answers) {
  while (!answers.is_complete()) {
    int error = 0;
    const auto datagram = socket.receive(error);
    if (error != 0) return error;
    const auto* answer = reinterpret_cast<const nlmsghdr*>(datagram.data());
    int rest = static_cast<int>(datagram.size());
    for (; mnl_nlmsg_ok(answer, rest); answer = mnl_nlmsg_next(answer, &rest)) {
      answers.take(answer);
    }
  }
  return 0;
}

std::string remedy(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "; it needs CAP_NET_ADMIN, and a table that no other program owns";
    case ENOENT:
      return "; somebody removed it or the whole table: the table must be made anew";
    case EOPNOTSUPP:
      return "; the kernel lacks this feature of nf_tables";
    case ENOMEM:
    case EMSGSIZE:
    case ENOBUFS:
      return "; the kernel has not enough memory for it";
    case EEXIST:
    case ENOTEMPTY:  // an interval that overlaps another
      return "; it clashes with what the kernel holds: the table must be made anew";
    default:
      return {};
  }
}

CommitOutcome refused(const Batch& batch, const Complaint& complaint) {
  return {.status = Status::refused,
          .error = complaint.error,
          .message = "the kernel refused " + batch.blame(complaint.message, complaint.offset) +
                     ": " + std::generic_category().message(complaint.error) +
                     remedy(complaint.error)};
}

CommitOutcome exchange(Socket& socket, Batch& batch) {
  const std::uint32_t count = batch.message_count();
  const std::uint32_t first = socket.take_sequence(count + 2);
  if (const int error = socket.send(batch.finish(first))) {
    // What is not sent whole is not looked at.
    if (error != ENOBUFS) return refused(batch, {SIZE_MAX, 0, error});
    return {.status = Status::unknown, .error = error, .message = "the netlink send was cut short"};
  }
  Answers answers(first, count);
  if (const int error = collect(socket, answers)) {
    return {.status = Status::unknown,
            .error = error,
            .message =
                "the kernel's acknowledgement was lost: " + std::generic_category().message(error)};
  }
  if (!answers.complaint()) return {};
  socket.drain();
  return refused(batch, *answers.complaint());
}

}  // namespace

CommitOutcome commit(Socket& socket, Batch& batch) {
  const auto start = std::chrono::steady_clock::now();
  CommitOutcome outcome = exchange(socket, batch);
  outcome.kernel_time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  return outcome;
}

}  // namespace egress::netlink
