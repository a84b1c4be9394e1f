#include "nft/questions.hpp"

#include "egress/core/limits.hpp"
#include "nft/protocols.hpp"

namespace egress::nft {
namespace {

bool notes_questions(const Base& base) {
  return base.dns_guard && base.counts_destinations && base.holds_links();
}

Rule noted(Rule question, QuestionAt end) {
  question.emplace_back(NoteQuestion{end});
  return question;
}

}  // namespace

// In a rule of its own: an update that finds no room ends its rule.
void note_asked(const Base& base, const Rule& question, std::vector<Rule>& rules) {
  if (notes_questions(base)) rules.push_back(noted(question, QuestionAt::asked));
}

// What has come so far, no firewall of this host has dropped. Of a flow only the packet that begins
// it, as where it is redirected.
void note_heard(const Base& base, std::vector<Chain>& chains) {
  if (!notes_questions(base)) return;
  const Rule question{CtBegins{}, CtStatusDnat{}, Layer4{{kTcp, kUdp}},
                      DestinationPort{base.dns_guard->port}};
  std::vector<Rule> rules;
  for (const std::string& pattern : base.forward) {
    rules.push_back(noted(question, QuestionAt::heard));
    rules.back().insert(rules.back().begin(), InInterface{pattern});
  }
  if (base.released) rules = {{InLoopback{}, Accept{}}, noted(question, QuestionAt::heard)};
  chains.push_back(
      {.name = "heard", .hook = Hook::input, .type = ChainType::last, .rules = std::move(rules)});
}

std::vector<SetDefinition> question_sets(const Base& base) {
  if (!notes_questions(base)) return {};
  return {questions_set(QuestionAt::asked), questions_set(QuestionAt::heard)};
}

std::string set_name(QuestionAt end) {
  return end == QuestionAt::asked ? "asked" : "heard";
}

// What is heard always finds room: a link that is missing there would be taken for a deaf one.
SetDefinition questions_set(QuestionAt end) {
  return {.name = set_name(end),
          .family = Family::ipv4,
          .key = SetDefinition::Key::link,
          .has_timeout = true,
          .is_dynamic = true,
          .size = limits::kLinksCounted * (end == QuestionAt::asked ? 1 : 2),
          .timeout = limits::kQuestionMemory};
}

}  // namespace egress::nft
