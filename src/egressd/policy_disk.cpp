#include "egressd/policy_disk.hpp"

#include <string_view>

#include "adapters/state/files.hpp"
#include "adapters/yaml/yaml.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::daemon {
namespace {

tl::unexpected<policy::Problems> problem(const std::string& file, const std::string& message) {
  return tl::unexpected(policy::Problems{{policy::Place{file, 0, 0}, message}});
}

// A file of our own as a document; an absent one is a null node.
Read<policy::Node> read_own(const std::filesystem::path& path) {
  const auto text = state::read_file(path, limits::kStateFileBytes, state::Guard::ownership);
  if (!text) return problem(path, text.error().message);
  auto node = adapters::parse_yaml(text->value_or(""), path,
                                   {limits::kStateFileBytes, limits::kStateNodes});
  if (!node) return tl::unexpected(policy::Problems{node.error()});
  return *std::move(node);
}

// What could not be read again is not written. A node takes two octets at least.
Result<void> write_own(const std::filesystem::path& path, const std::string& text) {
  if (text.size() > limits::kStateFileBytes)
    return fail(egress::quoted(path.string()) + " would be larger than " +
                std::to_string(limits::kStateFileBytes) + " bytes");
  if (text.size() > 2 * limits::kStateNodes) {
    const auto node =
        adapters::parse_yaml(text, path, {limits::kStateFileBytes, limits::kStateNodes});
    if (!node) return fail("would not be read again: " + node.error().text());
  }
  return state::write_atomically(path, text, 0640);
}

}  // namespace

Read<std::vector<state::PolicyFile>> read_texts(const Paths& paths, const MainText* main) {
  auto files = state::read_policy_files(paths.config);
  if (!files) return problem(paths.config, files.error().message);
  if (main != nullptr) files->front() = {main->source, main->text};
  return *std::move(files);
}

std::uint64_t digest_of(const std::vector<state::PolicyFile>& texts) {
  std::vector<std::string_view> views;
  for (const state::PolicyFile& file : texts) views.emplace_back(file.text);
  return policy::digest_of(views);
}

Read<std::vector<policy::Node>> parse_texts(const std::vector<state::PolicyFile>& texts) {
  std::vector<policy::Node> documents;
  policy::Problems problems;
  for (const state::PolicyFile& file : texts) {
    auto node = adapters::parse_yaml(file.text, file.path);
    if (node)
      documents.push_back(*std::move(node));
    else
      problems.push_back(node.error());
  }
  if (!problems.empty()) return tl::unexpected(problems);
  return documents;
}

Read<std::vector<policy::Addition>> read_additions(const Paths& paths) {
  const auto document = read_own(paths.additions());
  if (!document) return tl::unexpected(document.error());
  if (document->kind == policy::Node::Kind::null) return std::vector<policy::Addition>{};
  auto additions = policy::parse_additions(*document);
  if (!additions) return additions;
  for (policy::Addition& addition : *additions) addition.is_accepted = true;
  return additions;
}

Result<void> write_additions(const Paths& paths, const std::vector<policy::Addition>& additions) {
  return write_own(paths.additions(), policy::print_additions(additions));
}

Read<std::optional<policy::Accepted>> read_last_good(const Paths& paths, WallTime now) {
  const auto document = read_own(paths.last_good_policy());
  if (!document) return tl::unexpected(document.error());
  if (document->kind == policy::Node::Kind::null) return std::optional<policy::Accepted>{};
  auto accepted = policy::parse_accepted(*document, now);
  if (!accepted) return tl::unexpected(accepted.error());
  for (policy::Addition& addition : accepted->additions) addition.is_accepted = true;
  return std::optional(*std::move(accepted));
}

Result<void> write_last_good(const Paths& paths, const policy::Accepted& accepted) {
  return write_own(paths.last_good_policy(), policy::print_accepted(accepted));
}

}  // namespace egress::daemon
