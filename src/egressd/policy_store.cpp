#include "egressd/policy_store.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "adapters/catalogue/catalogue.hpp"
#include "adapters/state/files.hpp"
#include "adapters/timeconf/time_servers.hpp"
#include "egress/core/limits.hpp"
#include "policy/unfold.hpp"

namespace egress::daemon {
namespace {

constexpr std::string_view kStays = "; it was accepted before, and stays in force";
constexpr std::string_view kUnusable = "; this preset cannot be used";

void append(policy::Problems& all, policy::Problems more, std::string_view remark = "") {
  for (policy::Problem& problem : more) {
    problem.message += remark;
    all.push_back(std::move(problem));
  }
}

// What a preset among the additions stands for today, for the day on which it is no more.
bool renew(policy::Addition& addition, std::vector<policy::AllowEntry> opens) {
  for (policy::AllowEntry& entry : opens) entry.origin = {};
  if (addition.opens == opens) return false;
  addition.opens = std::move(opens);
  return true;
}

// Which interfaces are to be held is not known then: all but the way out are.
policy::Policy nothing_allowed() {
  policy::Policy policy;
  policy.released.emplace();
  return policy;
}

// "tcp/pypi.org:443" of "pypi.org:443/tcp".
std::string transport_first(std::string_view text) {
  const auto slash = text.rfind('/');
  if (slash == text.npos || !parse_transport(text.substr(slash + 1))) return std::string(text);
  return std::string(text.substr(slash + 1)) + '/' + std::string(text.substr(0, slash));
}

}  // namespace

PolicyStore::PolicyStore(Paths paths, policy::NameRules rules)
    : paths_(std::move(paths)), rules_(std::move(rules)) {}

LoadedPolicy PolicyStore::reload(WallTime now) {
  auto reading = read(nullptr, read_additions(paths_), now);
  if (reading) before_.reset();
  return take(std::move(reading));
}

LoadedPolicy PolicyStore::try_out(const MainText& main, WallTime now) {
  auto reading = read(&main, read_additions(paths_), now);
  if (reading && !before_) before_ = std::move(files_);
  return take(std::move(reading));
}

LoadedPolicy PolicyStore::revert(WallTime now) {
  if (before_) files_ = *std::exchange(before_, std::nullopt);
  return with_additions(additions_, now);
}

LoadedPolicy PolicyStore::check(const MainText& main, WallTime now) const {
  return read(&main, read_additions(paths_), now).map([](Reading reading) {
    return std::move(reading.loaded);
  });
}

LoadedPolicy PolicyStore::check(WallTime now) const {
  return read(nullptr, Additions{}, now).map([](Reading reading) {
    return std::move(reading.loaded);
  });
}

bool PolicyStore::stands_on_disk(const std::string& text) const {
  const auto held =
      state::read_file(paths_.config, limits::kPolicyFileBytes, state::Guard::ownership);
  return held && *held == text;
}

FirstPolicy PolicyStore::first(WallTime now) {
  const auto additions = read_additions(paths_);
  auto reading = read(nullptr, additions, now);
  if (reading) return {*take(std::move(reading)), PolicySource::files, {}};
  auto last_good = read_last_good(paths_, now);
  FirstPolicy first;
  first.problems = std::move(reading.error());
  const bool stands_in = last_good && *last_good;
  first.source = stands_in ? PolicySource::last_good : PolicySource::nothing;
  if (!last_good) append(first.problems, last_good.error());
  begin_with(first.source, stands_in ? *std::move(last_good) : std::nullopt);
  // Without a last good policy the files may do, if only the additions cannot be read.
  if (!stands_in)
    if (auto files = read(nullptr, Additions{}, now)) {
      files_ = std::move(files->files);
      first.source = PolicySource::files;
    }
  if (additions)
    additions_ = *additions;
  else
    additions_problem_ = additions.error().front();
  first.loaded = *with_additions(additions_, now);
  additions_ = first.loaded.additions;
  return first;
}

// The additions of the last good policy are the ones in force where their own file cannot be read.
void PolicyStore::begin_with(PolicySource source, std::optional<policy::Accepted> accepted) {
  files_ = {};
  files_.catalogue = adapters::read_usable_presets(paths_.rules_dir, rules_).catalogue;
  files_.were_accepted = source == PolicySource::last_good;
  files_.policy = accepted ? std::move(accepted->policy) : nothing_allowed();
  if (!accepted) return;
  files_.digest = accepted->digest;
  files_.items = std::move(accepted->items);
  additions_ = std::move(accepted->additions);
}

// By the rules of today; else with what was accepted item by item; else, where the texts are those
// that were accepted, by what they meant then.
Read<PolicyStore::Reading> PolicyStore::read(const MainText* main, const Read<Additions>& additions,
                                             WallTime now) const {
  const auto texts = read_texts(paths_, main);
  if (!texts) return tl::unexpected(texts.error());
  if (!additions) return tl::unexpected(additions.error());
  const auto completed = [&](Files files) { return complete(std::move(files), *additions, now); };
  auto today = read_files(*texts, nullptr, now).and_then(completed);
  if (today) return today;
  const auto accepted = read_last_good(paths_, now);
  if (!accepted || !*accepted) return today;
  auto again = read_files(*texts, &**accepted, now).and_then(completed);
  if (again || (*accepted)->digest != digest_of(*texts)) return again;
  auto presets = adapters::read_usable_presets(paths_.rules_dir, rules_);
  policy::Problems warnings;
  append(warnings, today.error(), kStays);
  auto then = completed({std::move(presets.catalogue), (*accepted)->policy, (*accepted)->digest,
                         (*accepted)->items, true, std::move(warnings)});
  return then ? then : again;
}

Read<PolicyStore::Files> PolicyStore::read_files(const std::vector<state::PolicyFile>& texts,
                                                 const policy::Accepted* accepted,
                                                 WallTime now) const {
  auto presets = adapters::read_usable_presets(paths_.rules_dir, rules_);
  auto documents = parse_texts(texts);
  if (!documents) return tl::unexpected(documents.error());
  policy::Notes notes;
  auto policy =
      policy::load_files({*std::move(documents),
                          {},
                          &presets.catalogue,
                          &rules_,
                          now,
                          accepted,
                          [this] { return timeconf::read_time_servers(paths_.system_root); }},
                         &notes);
  if (!policy) {
    append(policy.error(), std::move(presets.problems));
    return tl::unexpected(policy.error());
  }
  policy::Problems warnings;
  append(warnings, std::move(notes.warnings), kStays);
  append(warnings, std::move(notes.doubts));
  append(warnings, std::move(presets.problems), kUnusable);
  return Files{std::move(presets.catalogue),
               *std::move(policy),
               digest_of(texts),
               std::move(notes.items),
               true,
               std::move(warnings)};
}

Read<PolicyStore::Reading> PolicyStore::complete(Files files, const Additions& additions,
                                                 WallTime now) const {
  auto loaded = add(files, additions, now, nullptr);
  if (!loaded) return tl::unexpected(loaded.error());
  return Reading{std::move(files), *std::move(loaded)};
}

LoadedPolicy PolicyStore::take(Read<Reading> reading) {
  if (!reading) return tl::unexpected(reading.error());
  files_ = std::move(reading->files);
  additions_ = reading->loaded.additions;
  additions_problem_.reset();
  are_stale_ = reading->loaded.has_renewed;
  return std::move(reading->loaded);
}

LoadedPolicy PolicyStore::with_additions(const std::vector<policy::Addition>& additions,
                                         WallTime now,
                                         const std::vector<std::string>& required) const {
  return add(files_, additions, now, &required);
}

// `required`: null for all.
LoadedPolicy PolicyStore::add(const Files& files, const Additions& additions, WallTime now,
                              const std::vector<std::string>* required) const {
  policy::Notes notes;
  auto policy =
      policy::add_additions(files.policy, {{}, additions, &files.catalogue, &rules_, now}, &notes);
  if (!policy) return tl::unexpected(policy.error());
  policy::Problems problems;
  Loaded loaded{*std::move(policy), additions, files.warnings};
  append(loaded.warnings, std::move(notes.warnings), kStays);
  for (policy::Notes::LeftOut& out : notes.left_out) {
    const bool matters =
        required == nullptr || std::ranges::find(*required, out.target) != required->end();
    (matters ? problems : loaded.warnings).push_back(std::move(out.problem));
  }
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  for (policy::Addition& addition : loaded.additions) {
    addition.is_accepted = true;
    if (const auto opens = notes.opens.find(addition.target); opens != notes.opens.end())
      loaded.has_renewed = renew(addition, opens->second) || loaded.has_renewed;
  }
  return loaded;
}

Result<void> PolicyStore::keep_additions(std::vector<policy::Addition> additions) {
  if (additions_problem_)
    return fail(additions_problem_->text() + "; mend that file, then egressctl reload");
  const auto written = write_additions(paths_, additions);
  if (!written) return written;
  additions_ = std::move(additions);
  are_stale_ = false;
  return {};
}

Result<void> PolicyStore::keep_last_good() {
  if (are_stale_)
    if (auto kept = keep_additions(additions_); !kept) return kept;
  if (!files_.were_accepted) return {};
  return write_last_good(paths_, {files_.digest, files_.policy, files_.items, additions_});
}

Result<policy::Target> PolicyStore::parse_target(const std::string& text) const {
  return policy::check_is_no_preset(text, files_.catalogue).and_then([&] {
    return policy::parse_target(transport_first(text), rules_);
  });
}

}  // namespace egress::daemon
