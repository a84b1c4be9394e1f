// What DNS told us beside addresses: services (SRV) and texts (TXT), of hosts whose services the policy allows. They are
// asked for when a program asks, and never by themselves. Pure: time comes in, questions go out.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "egress/dns/lookup.hpp"
#include "egress/dns/name_table.hpp"

namespace egress::dns {

struct RecordState {
  FamilyState lookup{};  // of no family; asked for when wanted alone
  std::vector<Service> services{};
  std::vector<Text> texts{};
  Instant used_at{};  // when a program last asked
};

class RecordTable {
 public:
  // Whether one more name may be asked for: of one host limits::kServicesPerHost are remembered, each for
  // limits::kServiceMemory after its last use. So no program can spell out much in names of services.
  bool has_room_for(const Question& question, Instant now) const;
  // A program waits for this answer. Nothing happens if it is under way, or where there is no room.
  void want(const Question& question, Instant now);
  // A program was given an answer from what is held.
  void use(const Question& question, Instant now);
  // Takes an answer in; false: nobody waits for it.
  bool absorb(const Answer& answer, Instant now);
  // The next questions to send, while fewer than limits::kLookupsInFlight are under way.
  std::vector<Question> take_questions();
  // Forgets all about the hosts of which this is true.
  void forget(const std::function<bool(const DnsName& host)>& is_gone);
  // What was said of these names counts no more, since others are asked for them now.
  void doubt(const std::function<bool(const DnsName& name)>& is_doubtful);

  const RecordState* find(const Question& question) const;

 private:
  using OfHost = std::map<Question, RecordState>;
  static bool make_room(OfHost& host, Instant now);
  RecordState* find_held(const Question& question);

  std::map<Question, OfHost> hosts_;  // by a question of that kind with the host's name
  std::deque<Question> wanted_;
  std::set<Question> in_flight_;  // also for what was forgotten
};

}  // namespace egress::dns
