#include "egressctl/verify/outside_file.hpp"

#include "adapters/state/files.hpp"
#include "adapters/yaml/yaml.hpp"
#include "egress/core/limits.hpp"

namespace egress::verify {

namespace {

using Mistakes = std::vector<std::string>;

tl::unexpected<Mistakes> mistake(std::string message) {
  return tl::unexpected(Mistakes{std::move(message)});
}

tl::expected<Outside, Mistakes> parse(const std::string& text, const std::string& path) {
  const auto node = adapters::parse_yaml(text, path);
  if (!node) return mistake(node.error().text());
  auto outside = policy::parse_outside(*node, well_known());
  if (outside) {
    outside->file = path;
    return std::move(*outside);
  }
  Mistakes all;
  for (const policy::Problem& problem : outside.error()) all.push_back(problem.text());
  return tl::unexpected(std::move(all));
}

}  // namespace

tl::expected<Outside, Mistakes> read_outside(const std::string& path) {
  const std::string file = path.empty() ? kOutsideFile : path;
  const auto text = state::read_file(file, limits::kPolicyFileBytes, state::Guard::none);
  if (!text) return mistake(text.error().message);
  if (*text) return parse(**text, file);
  if (path.empty()) return well_known();
  return mistake(file +
                 ": there is no such file; accepted: a list of outside hosts, see egressctl(1)");
}

}  // namespace egress::verify
