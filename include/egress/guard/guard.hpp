// The DNS guard: answers programs for allowed names only, and only with addresses that the kernel has acknowledged.
//
// Use: take() each message as it comes, on_ask() and on_answer() when the engine's questions go out and come back, and
// settle() once per turn after the engine's commit. What the guard wants of the engine it says as events.
//
// Invariant: every address in every answer was in the kernel's table when the answer left.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "egress/engine/engine.hpp"
#include "egress/guard/client.hpp"
#include "egress/guard/journal.hpp"
#include "egress/guard/message.hpp"
#include "egress/guard/wildcard_watch.hpp"

namespace egress::guard {

// What the guard needs of the outside.
struct Surroundings {
  std::function<void(const Client&, std::span<const std::uint8_t>)> send;
  std::function<void(const engine::Event&)> tell;
  std::function<void(const engine::Notice&)> note;
  std::function<microseconds()> stopwatch;  // for figures, never for decisions
  // Whose socket the client's is; empty where that cannot be told. Asked seldom.
  std::function<std::optional<std::uint32_t>(const Client&)> user_of;
};

class Guard {
 public:
  Guard(const engine::Engine& engine, Surroundings surroundings);

  void take(const Client& client, std::span<const std::uint8_t> message, Instant now);
  // A program waits for this question.
  bool is_awaited(const dns::Question& question) const { return waits_.contains(question); }
  void on_ask(const dns::Question& question);
  void on_answer(const dns::Question& question, Instant now);
  // Releases what has become certain, and ends the waiting of what will not.
  void settle(Instant now);
  // When settle() must be called though nothing has happened.
  Instant next_deadline() const;

  const Journal& journal() const { return journal_; }
  std::size_t waiting() const { return asking_; }

 private:
  struct Asking {
    Client client;
    Query query;
    std::string name;  // Query::name()
    std::optional<std::uint32_t> user;
    microseconds arrived{0};
    IpAddress party{};  // party_of() the client, once it has to wait
  };
  struct Wait {
    Instant since{};
    Instant ripe_since = kNever;  // when the answer came
    microseconds arrived{0}, asked{0}, answered{0};
    std::vector<Asking> asking{};
  };
  struct QuestionHash {
    std::size_t operator()(const dns::Question& question) const {
      return std::hash<DnsName>{}(question.name) * 8 + static_cast<std::size_t>(question.records) * 2 +
             (question.family == Family::ipv4 ? 0 : 1);
    }
  };

  void judge(Asking asking, Instant now);
  void answer_address(Asking asking, const dns::Question& question, Instant now);
  void answer_records(Asking asking, const dns::Question& question, Instant now);
  bool admit_new_name(const DnsName& name, Instant now);
  void wait(Asking asking, const dns::Question& question, bool is_answered, Instant now);
  bool settle_one(const dns::Question& question, Instant now);
  void sweep(Instant now);
  Wait end_wait(const dns::Question& question);
  IpAddress party_of(const IpAddress& client) const;
  bool find_place(Asking& asking) const;
  std::size_t waiting_of(const IpAddress& party) const;
  void fail_all(const dns::Question& question, std::string_view why);

  void reply_released(const Asking& asking, const engine::Release& release, bool has_waited);
  void reply_refused(const Asking& asking, Verdict verdict, std::string_view why);
  void reply_failed(const Asking& asking, Verdict verdict, std::string_view why);
  void reply_error(const Asking& asking, Reply reply, Verdict verdict, std::string_view why);
  void reply_empty(const Asking& asking);
  void reply_localhost(const Asking& asking);
  void finish(const Asking& asking, const Reply& reply, Verdict verdict);
  void note_refused(const Asking& asking, Instant now);
  std::optional<std::uint32_t> user_of(const Client& client, Instant now);
  void identify(Asking& asking, const DnsName& name, Instant now);
  void note_latencies(const Wait& wait);

  const engine::Engine& engine_;
  Surroundings outside_;
  Journal journal_;
  WildcardWatch wildcards_;
  std::unordered_map<dns::Question, Wait, QuestionHash> waits_;
  std::unordered_map<IpAddress, std::size_t> asking_of_;  // questions that wait, by party_of() the client
  std::size_t asking_ = 0;
  std::vector<dns::Question> ripe_;  // answered, to be released by settle()
  Instant sweep_at_ = kNever;
  Instant now_{};
  // The few lookups of users and lines about refusals that a second may cost.
  struct Budget {
    Instant since{};
    int left = 0;
    bool take(Instant now, int per_second);
  };
  Budget lookups_, samples_, lines_;
  std::size_t turn_ = 0;      // rotates answers
  engine::Release release_;  // memory used again
  Octets buffer_;
};

}  // namespace egress::guard
