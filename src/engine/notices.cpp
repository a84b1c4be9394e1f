// What the engine reports of the answers it gets: changes only, so that a healthy host is silent.
#include <algorithm>

#include "egress/engine/engine.hpp"

namespace egress::engine {
namespace {

std::string join(const std::vector<IpAddress>& addresses) {
  std::string joined;
  for (const IpAddress& address : addresses) joined += (joined.empty() ? "" : ",") + address.text();
  return joined;
}

bool is_learnt(const dns::NameState& state) {
  return state.group != nullptr;
}

}  // namespace

// Called before the answer is taken in, so that what was known until now can be compared.
void Engine::note_answer(const dns::Answer& answer) {
  const dns::NameState* state = names_.find(answer.question.name);
  if (state == nullptr) return;
  const dns::FamilyState& before = state->family(answer.question.family);
  const std::string type = answer.question.family == Family::ipv4 ? "A" : "AAAA";
  const bool was_failing = before.was_answered && dns::is_failure(before.status);
  if (dns::is_failure(answer.status)) {
    if (was_failing && before.status == answer.status) return;
    const auto is_required = [](const policy::AllowEntry* entry) { return !entry->is_optional; };
    const bool is_loud = !is_learnt(*state) &&
                         std::ranges::any_of(inputs_.entries_of(answer.question.name), is_required);
    note(is_loud ? Notice::Level::warning : Notice::Level::info, "lookup-failed",
         {{"name", answer.question.name.text()},
          {"type", type},
          {"status", std::string(dns::text(answer.status))},
          {"next_try_s", std::to_string(dns::retry_delay(before.failures + 1).count())}});
    return;
  }
  std::vector<IpAddress> fresh;
  std::ranges::copy_if(answer.addresses, std::back_inserter(fresh),
                       [&](const IpAddress& address) { return state->find(address) == nullptr; });
  if (fresh.empty() && !was_failing) return;
  // What programs look up below a wildcard may be thousands of names a second.
  note(is_learnt(*state) ? Notice::Level::debug : Notice::Level::info, "resolved",
       {{"name", answer.question.name.text()},
        {"type", type},
        {"new", join(fresh)},
        {"ttl_s", std::to_string(answer.ttl.count())}});
  note_filtered(answer.question.name, fresh);
}

void Engine::note_filtered(const DnsName& name, const std::vector<IpAddress>& fresh) {
  for (const IpAddress& address : fresh)
    for (const policy::AllowEntry* entry : inputs_.entries_of(name)) {
      const auto why = withheld(inputs_, *entry, address);
      if (!why) continue;
      note(Notice::Level::warning, "address-filtered",
           {{"target", entry->target()},
            {"name", name.text()},
            {"address", address.text()},
            {"because", std::string(*why)}});
    }
}

}  // namespace egress::engine
