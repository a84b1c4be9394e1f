#include "egressd/policy_store.hpp"

#include <utility>

#include "adapters/catalogue/catalogue.hpp"
#include "adapters/names/names.hpp"
#include "adapters/state/files.hpp"
#include "adapters/state/policy_files.hpp"
#include "adapters/yaml/yaml.hpp"
#include "egress/core/limits.hpp"

namespace egress::daemon {
namespace {

tl::unexpected<policy::Problems> problem(const std::string& file, const std::string& message) {
  return tl::unexpected(policy::Problems{{policy::Place{file, 0, 0}, message}});
}

// A file of ours as a document; an absent one is a null node.
tl::expected<policy::Node, policy::Problems> read_document(const std::filesystem::path& path) {
  const auto text = state::read_file(path, limits::kPolicyFileBytes, state::Guard::ownership);
  if (!text) return problem(path, text.error().message);
  auto node = adapters::parse_yaml(text->value_or(""), path);
  if (!node) return tl::unexpected(policy::Problems{node.error()});
  return *std::move(node);
}

}  // namespace

PolicyStore::PolicyStore(Paths paths)
    : paths_(std::move(paths)), rules_(adapters::system_name_rules()) {}

LoadedPolicy PolicyStore::reload(WallTime now) {
  auto reading = read(nullptr, now);
  if (!reading) return tl::unexpected(reading.error());
  before_.reset();
  return take(*std::move(reading));
}

LoadedPolicy PolicyStore::try_out(const MainText& main, WallTime now) {
  auto reading = read(&main, now);
  if (!reading) return tl::unexpected(reading.error());
  if (!before_) before_ = std::move(files_);
  return take(*std::move(reading));
}

LoadedPolicy PolicyStore::revert(WallTime now) {
  if (before_) files_ = *std::exchange(before_, std::nullopt);
  return with_additions(additions_, now);
}

LoadedPolicy PolicyStore::check(const MainText& main, WallTime now) const {
  auto reading = read(&main, now);
  if (!reading) return tl::unexpected(reading.error());
  return std::move(reading->policy);
}

bool PolicyStore::stands_on_disk(const std::string& text) const {
  const auto held =
      state::read_file(paths_.config, limits::kPolicyFileBytes, state::Guard::ownership);
  return held && *held == text;
}

tl::expected<PolicyStore::Reading, policy::Problems> PolicyStore::read(const MainText* main,
                                                                       WallTime now) const {
  auto catalogue = adapters::read_catalogue(paths_.rules_dir, rules_);
  if (!catalogue) return tl::unexpected(catalogue.error());
  auto documents = read_documents(main);
  if (!documents) return tl::unexpected(documents.error());
  auto additions = read_additions();
  if (!additions) return tl::unexpected(additions.error());
  const policy::Sources sources{*std::move(documents), *std::move(additions), &*catalogue, &rules_,
                                now};
  LoadedPolicy files = policy::load_files(sources);
  if (!files) return tl::unexpected(files.error());
  LoadedPolicy policy = policy::add_additions(*files, sources);
  if (!policy) return tl::unexpected(policy.error());
  return Reading{{*std::move(catalogue), *std::move(files)}, sources.additions, *std::move(policy)};
}

LoadedPolicy PolicyStore::take(Reading reading) {
  files_ = std::move(reading.files);
  additions_ = std::move(reading.additions);
  return std::move(reading.policy);
}

LoadedPolicy PolicyStore::check(WallTime now) const {
  const auto catalogue = adapters::read_catalogue(paths_.rules_dir, rules_);
  if (!catalogue) return tl::unexpected(catalogue.error());
  auto documents = read_documents(nullptr);
  if (!documents) return tl::unexpected(documents.error());
  return policy::load({*std::move(documents), {}, &*catalogue, &rules_, now});
}

// Additions stay out of it: they are in the last good policy already.
LoadedPolicy PolicyStore::load_last_good(WallTime now) {
  auto document = read_document(paths_.last_good_policy());
  if (!document) return tl::unexpected(document.error());
  if (document->kind == policy::Node::Kind::null)
    return problem(paths_.last_good_policy(), "there is none yet");
  LoadedPolicy policy = policy::load({{*std::move(document)}, {}, &files_.catalogue, &rules_, now});
  if (policy) files_.policy = *policy;
  return policy;
}

LoadedPolicy PolicyStore::with_additions(const std::vector<policy::Addition>& additions,
                                         WallTime now) const {
  return policy::add_additions(files_.policy, {{}, additions, &files_.catalogue, &rules_, now});
}

Result<void> PolicyStore::keep_additions(std::vector<policy::Addition> additions) {
  const auto written =
      state::write_atomically(paths_.additions(), policy::print_additions(additions), 0640);
  if (written) additions_ = std::move(additions);
  return written;
}

Result<void> PolicyStore::keep_last_good(const policy::Policy& policy) const {
  return state::write_atomically(paths_.last_good_policy(), policy::print(policy), 0640);
}

Result<policy::Target> PolicyStore::parse_target(const std::string& text) const {
  return policy::parse_target(text, rules_);
}

tl::expected<std::vector<policy::Node>, policy::Problems> PolicyStore::read_documents(
    const MainText* main) const {
  auto files = state::read_policy_files(paths_.config);
  if (!files) return problem(paths_.config, files.error().message);
  if (main != nullptr) files->front() = {main->source, main->text};
  std::vector<policy::Node> documents;
  policy::Problems problems;
  for (const state::PolicyFile& file : *files) {
    auto node = adapters::parse_yaml(file.text, file.path);
    if (node)
      documents.push_back(*std::move(node));
    else
      problems.push_back(node.error());
  }
  if (!problems.empty()) return tl::unexpected(problems);
  return documents;
}

tl::expected<std::vector<policy::Addition>, policy::Problems> PolicyStore::read_additions() const {
  const auto document = read_document(paths_.additions());
  if (!document) return tl::unexpected(document.error());
  if (document->kind == policy::Node::Kind::null) return std::vector<policy::Addition>{};
  return policy::parse_additions(*document);
}

}  // namespace egress::daemon
