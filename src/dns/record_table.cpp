#include "egress/dns/record_table.hpp"

#include <algorithm>

#include "egress/core/limits.hpp"
#include "egress/dns/service_name.hpp"

namespace egress::dns {
namespace {

// Whose records are asked for, and which.
Question host_of(const Question& question) {
  if (question.records == Records::texts) return question;
  const auto service = parse_service_name(question.name);
  return {service ? service->host : question.name, question.family, question.records};
}

bool is_forgotten(const RecordState& state, Instant now) {
  return state.lookup.phase == FamilyState::Phase::waiting &&
         now >= state.used_at + limits::kServiceMemory;
}

}  // namespace

bool RecordTable::has_room_for(const Question& question, Instant now) const {
  const auto host = hosts_.find(host_of(question));
  if (host == hosts_.end() || host->second.contains(question)) return true;
  return host->second.size() < limits::kServicesPerHost ||
         std::ranges::any_of(host->second,
                             [&](const auto& one) { return is_forgotten(one.second, now); });
}

bool RecordTable::make_room(OfHost& host, Instant now) {
  if (host.size() < limits::kServicesPerHost) return true;
  return std::erase_if(host, [&](const auto& one) { return is_forgotten(one.second, now); }) > 0;
}

void RecordTable::want(const Question& question, Instant now) {
  OfHost& host = hosts_[host_of(question)];
  if (!host.contains(question) && !make_room(host, now)) return;
  RecordState& state = host[question];
  state.used_at = now;
  if (state.lookup.phase != FamilyState::Phase::waiting) return;
  state.lookup.phase = FamilyState::Phase::queued;
  wanted_.push_back(question);
}

void RecordTable::use(const Question& question, Instant now) {
  if (RecordState* state = find_held(question)) state->used_at = now;
}

bool RecordTable::absorb(const Answer& answer, Instant now) {
  in_flight_.erase(answer.question);
  RecordState* state = find_held(answer.question);
  if (state == nullptr || state->lookup.phase != FamilyState::Phase::asked) return false;
  FamilyState& lookup = state->lookup;
  lookup.end(answer, now);
  if (is_failure(answer.status)) return true;
  lookup.ttl = answer.ttl;
  lookup.chain = answer.chain;
  lookup.zone = answer.zone;
  state->services = answer.services;
  state->texts = answer.texts;
  return true;
}

std::vector<Question> RecordTable::take_questions() {
  std::vector<Question> questions;
  while (!wanted_.empty() && in_flight_.size() < limits::kLookupsInFlight) {
    Question question = std::move(wanted_.front());
    wanted_.pop_front();
    RecordState* state = find_held(question);
    if (state == nullptr || state->lookup.phase != FamilyState::Phase::queued) continue;
    state->lookup.phase = FamilyState::Phase::asked;
    // Forgotten and wanted again meanwhile: the answer still under way will do.
    if (in_flight_.insert(question).second) questions.push_back(std::move(question));
  }
  return questions;
}

void RecordTable::forget(const std::function<bool(const DnsName&)>& is_gone) {
  std::erase_if(hosts_, [&](const auto& host) { return is_gone(host.first.name); });
}

void RecordTable::doubt(const std::function<bool(const DnsName&)>& is_doubtful) {
  for (auto& [name, host] : hosts_)
    for (auto& [question, state] : host)
      if (is_doubtful(question.name)) state.lookup.ttl = seconds(0);
}

const RecordState* RecordTable::find(const Question& question) const {
  const auto host = hosts_.find(host_of(question));
  if (host == hosts_.end()) return nullptr;
  const auto at = host->second.find(question);
  return at == host->second.end() ? nullptr : &at->second;
}

RecordState* RecordTable::find_held(const Question& question) {
  return const_cast<RecordState*>(find(question));
}

}  // namespace egress::dns
