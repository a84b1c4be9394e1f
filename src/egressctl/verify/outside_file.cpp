#include "egressctl/verify/outside_file.hpp"

#include "adapters/state/files.hpp"
#include "adapters/yaml/yaml.hpp"
#include "egress/core/limits.hpp"

namespace egress::verify {

namespace {

Result<Outside> parse(const std::string& text, const std::string& path) {
  const auto node = adapters::parse_yaml(text, path);
  if (!node) return fail(node.error().text());
  auto outside = policy::parse_outside(*node, well_known());
  if (outside) return std::move(*outside);
  std::string all;
  for (const auto& problem : outside.error()) all += (all.empty() ? "" : "\n") + problem.text();
  return fail(all);
}

}  // namespace

Result<Outside> read_outside(const std::string& path) {
  const std::string file = path.empty() ? kOutsideFile : path;
  const auto text = state::read_file(file, limits::kPolicyFileBytes, state::Guard::none);
  if (!text) return tl::unexpected(text.error());
  if (*text) return parse(**text, file);
  if (path.empty()) return well_known();
  return fail(file +
              ": there is no such file; accepted: a list of outside hosts, see egressctl(1)");
}

}  // namespace egress::verify
