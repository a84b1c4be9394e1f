// Watches a host with the DNS guard from outside: what programs asked, what the resolvers said,
// what the policy permits. From that alone it judges every reply, every question to the resolvers
// and every element of the kernel's table.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/guarded_host.hpp"

namespace egress::fuzz {

class Witness {
 public:
  explicit Witness(test::GuardedHost& host) : host_(host) {}

  // What is about to happen.
  void on_policy(std::shared_ptr<const policy::Policy> policy);
  void on_message(const guard::Client& client, guard::Octets message);  // its handle: messages()
  void on_answer(const dns::Answer& answer);
  void on_restored(const engine::Restored& restored);
  std::size_t messages() const { return messages_.size(); }

  // After each step.
  void check();
  // At the end, when nobody can still be waiting.
  void check_all_answered() const;

 private:
  struct Message {
    guard::Client client;
    guard::Octets octets;
    std::optional<guard::Query> query;
    bool deserves_reply = false;
    bool is_replied = false;
    bool was_allowed = false;  // when it was asked
  };
  // What the resolvers said last.
  struct Said {
    Instant at{};
    seconds ttl{0};
    bool is_failing = false;  // since
    std::set<IpAddress> addresses{};
  };
  struct Told {
    IpAddress address;
    seconds ttl{0};
  };

  bool permits(const policy::AllowEntry& entry, const IpAddress& address) const;
  bool is_told_as_own(const std::vector<const policy::AllowEntry*>& entries,
                      const IpAddress& address) const;
  bool covers(const policy::AllowEntry& entry, const DnsName& name) const;
  std::vector<const policy::AllowEntry*> entries_of(const DnsName& name) const;
  Instant end_of(const policy::AllowEntry& entry) const;
  bool was_ever_permitted(const IpAddress& address) const;
  void extend(const DnsName& name, const IpAddress& address, Instant end);

  void check_sent(const test::GuardedHost::Sent& sent);
  void check_query_reply(const Message& message, const test::GuardedHost::Sent& sent) const;
  unsigned refusal() const;
  void check_told(const dns::Question& question, const Told& told,
                  const nft::Snapshot& table) const;
  void check_freshness(const dns::Question& question, const Told& told) const;
  void check_asked();
  void check_table();
  void check_element(const nft::LiveElement& element) const;
  bool is_justified(const nft::LiveElement& element) const;
  void check_belief(const nft::Snapshot& table) const;
  void check_notices();
  void check_limits() const;

  test::GuardedHost& host_;
  std::shared_ptr<const policy::Policy> policy_;
  std::map<const policy::AllowEntry*, Instant> ends_;
  bool ever_private_ = false;
  bool ever_metadata_ = false;
  std::vector<Message> messages_;
  std::set<dns::Question> programs_;  // what programs asked
  std::map<dns::Question, Said> said_;
  std::map<IpAddress, std::map<DnsName, Instant>> known_;  // until when each may be open at most
  std::vector<dns::Question> asked_;
  std::size_t notices_ = 0;
  std::uint64_t commits_ = 0;  // of the kernel, when its table was judged
  bool is_new_policy_ = false;
  int unjudged_ = 0;  // steps since
};

}  // namespace egress::fuzz
