// The policy as it is made: the main file and policy.d, the presets, and on top of them the
// operator's additions. What was accepted once stays accepted, and additions outlive whatever
// happens to the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/names/names.hpp"
#include "egressd/policy_disk.hpp"

namespace egress::daemon {

struct Loaded {
  policy::Policy policy;
  std::vector<policy::Addition> additions;  // that are part of it; for keep_additions()
  policy::Problems warnings;  // what would be refused, had it not been accepted before
  bool has_renewed = false;   // what presets among the additions stand for has changed
};
using LoadedPolicy = tl::expected<Loaded, policy::Problems>;

// What the policy in force was made of.
enum class PolicySource {
  files,      // as they are
  last_good,  // as they were when they were accepted last
  nothing,    // there is no policy that can be used
};

struct FirstPolicy {
  Loaded loaded;
  PolicySource source = PolicySource::files;
  policy::Problems problems;  // why it is not the files
};

class PolicyStore {
 public:
  explicit PolicyStore(Paths paths, policy::NameRules rules = adapters::system_name_rules());

  // What a run begins with: there always is something.
  FirstPolicy first(WallTime now);
  // Reads every file again. On success later calls build on what was read; on failure nothing
  // changes.
  LoadedPolicy reload(WallTime now);
  // The same with a text in place of the main file; it may still be taken back by revert().
  LoadedPolicy try_out(const MainText& main, WallTime now);
  // Back to what was read before try_out(), with the additions as they are now.
  LoadedPolicy revert(WallTime now);
  // What reload() would give with this text in place of the main file. Changes nothing.
  LoadedPolicy check(const MainText& main, WallTime now) const;
  // Whether this is the text of the main file.
  bool stands_on_disk(const std::string& text) const;
  // Reads the files without the additions, which are not for everybody to read. Changes nothing.
  LoadedPolicy check(WallTime now) const;
  // The policy with other additions, on top of the files that were read last. Of the additions the
  // `required` ones must be usable.
  LoadedPolicy with_additions(const std::vector<policy::Addition>& additions, WallTime now,
                              const std::vector<std::string>& required = {}) const;

  const std::vector<policy::Addition>& additions() const { return additions_; }
  // Why the file of additions cannot be read; then it is not written either.
  const std::optional<policy::Problem>& additions_problem() const { return additions_problem_; }
  Result<void> keep_additions(std::vector<policy::Addition> additions);
  // The files as they were read last, for a start with files that cannot be used. Without any this
  // does nothing: a policy that stands in for them is none to fall back to.
  Result<void> keep_last_good();

  // As it is typed: also "pypi.org:443/tcp", as refusals are listed. A bare name of a preset is a
  // mistake.
  Result<policy::Target> parse_target(const std::string& text) const;
  const policy::Catalogue& catalogue() const { return files_.catalogue; }
  const Paths& paths() const { return paths_; }

 private:
  struct Files {
    policy::Catalogue catalogue;
    policy::Policy policy;  // what the files say, without the additions
    std::uint64_t digest = 0;
    std::vector<policy::AcceptedItem> items;
    bool were_accepted = false;
    policy::Problems warnings;
  };
  struct Reading {
    Files files;
    Loaded loaded;
  };
  using Additions = std::vector<policy::Addition>;

  Read<Reading> read(const MainText* main, const Read<Additions>& additions, WallTime now) const;
  Read<Files> read_files(const std::vector<state::PolicyFile>& texts,
                         const policy::Accepted* accepted, WallTime now) const;
  Read<Reading> complete(Files files, const Additions& additions, WallTime now) const;
  LoadedPolicy take(Read<Reading> reading);
  void begin_with(PolicySource source, std::optional<policy::Accepted> accepted);
  LoadedPolicy add(const Files& files, const Additions& additions, WallTime now,
                   const std::vector<std::string>* required) const;

  Paths paths_;
  policy::NameRules rules_;
  Files files_;
  std::optional<Files> before_;  // try_out()
  Additions additions_;
  bool are_stale_ = false;  // the additions on disk: see Loaded::has_renewed
  std::optional<policy::Problem> additions_problem_;
};

}  // namespace egress::daemon
