// A policy store on files of its own, in a world that the test decides: presets, public suffixes,
// international names.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "egressd/additions.hpp"
#include "egressd/policy_store.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::daemon {

inline constexpr WallTime kToday{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};

class StoreWorld {
 public:
  StoreWorld() {
    for (const char* name : {"etc", "etc/policy.d", "state", "rules"})
      std::filesystem::create_directory(folder / name);
  }

  // ---- the world
  void write_preset(const std::string& name, const std::string& entries,
                    const std::string& more = "") const {
    folder.write("rules/" + name + ".yaml",
                 "name: " + name + "\ntitle: t\nsource: https://s.example\ndate: 2026-11\n" + more +
                     "entries: " + entries + '\n');
  }
  void remove_preset(const std::string& name) const {
    std::filesystem::remove(folder / ("rules/" + name + ".yaml"));
  }
  void write_policy(const std::string& text) const { folder.write("etc/egressd.yaml", text); }
  void allow_in_file(const std::string& items) const {
    write_policy("version: 1\nallow: [" + items + "]\n");
  }

  // ---- the daemon
  void start() {
    store = std::make_unique<PolicyStore>(paths(), rules());
    FirstPolicy first = store->first(now);
    source = first.source;
    problems = first.problems;
    adopt(std::move(first.loaded));
    EXPECT_TRUE(store->keep_last_good());
  }
  bool reload() {
    LoadedPolicy loaded = store->reload(now);
    problems = loaded ? policy::Problems{} : loaded.error();
    if (!loaded) return false;
    source = PolicySource::files;
    adopt(*std::move(loaded));
    EXPECT_TRUE(store->keep_last_good());
    return true;
  }
  bool allow(const std::string& target, const policy::EntryOptions& options = {}) {
    const auto parsed = store->parse_target(target);
    if (!parsed) return false;
    const std::vector<std::string> targets = split(*parsed);
    const policy::Addition pattern{"", options, "root (uid 0)", now};
    return change(with(store->additions(), targets, pattern), targets);
  }
  bool deny(const std::string& target) {
    std::vector<policy::Addition> additions = store->additions();
    const std::vector<std::string> targets = split(store->parse_target(target).value());
    const auto is_it = [&](const policy::Addition& addition) {
      return addition.target == targets.front();
    };
    return std::erase_if(additions, is_it) > 0 && change(std::move(additions), {});
  }

  // ---- what is so
  bool is_open(const std::string& target) const { return policy.entries.find(target) != nullptr; }
  std::set<std::string> open() const {
    std::set<std::string> targets;
    for (const policy::AllowEntry& entry : policy.entries) targets.insert(entry.target());
    return targets;
  }
  std::set<std::string> additions_on_disk() const {
    std::set<std::string> targets;
    const auto additions = read_additions(paths()).value();
    for (const policy::Addition& addition : additions) targets.insert(addition.target);
    return targets;
  }
  bool warns_of(const std::string& text) const {
    for (const policy::Problem& warning : warnings)
      if (warning.text().find(text) != std::string::npos) return true;
    return false;
  }
  Paths paths() const {
    return {.config = folder / "etc/egressd.yaml",
            .state_dir = folder / "state",
            .runtime_dir = folder / "run",
            .rules_dir = folder / "rules",
            .system_root = folder.path()};
  }
  policy::NameRules rules() const {
    return {[this](std::string_view name) -> Result<std::string> {
              const bool is_ascii =
                  std::ranges::all_of(name, [](unsigned char c) { return c < 0x80; });
              if (is_ascii) return std::string(name);
              if (has_idn) return std::string("xn--bcher-kva.example");
              return fail("not a valid internationalised name");
            },
            [this](const DnsName& name) {
              return suffixes.contains(name.text()) ? policy::Suffix::icann : policy::Suffix::none;
            },
            [](const DnsName&) { return policy::Suffix::none; }};
  }

  test::TemporaryFolder folder;
  std::set<std::string> suffixes;
  bool has_idn = true;
  WallTime now = kToday;

  std::unique_ptr<PolicyStore> store;
  policy::Policy policy;
  PolicySource source = PolicySource::nothing;
  policy::Problems problems, warnings;

 private:
  void adopt(Loaded loaded) {
    policy = std::move(loaded.policy);
    warnings = std::move(loaded.warnings);
  }
  bool change(std::vector<policy::Addition> additions, const std::vector<std::string>& required) {
    LoadedPolicy loaded = store->with_additions(additions, now, required);
    problems = loaded ? policy::Problems{} : loaded.error();
    if (!loaded || !store->keep_additions(loaded->additions)) return false;
    adopt(*std::move(loaded));
    return true;
  }
};

}  // namespace egress::daemon
