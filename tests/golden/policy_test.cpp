// A corpus of policy files: each *.yaml stands beside a *.expected with the normalised policy, or
// with every problem that makes it refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

using Path = std::filesystem::path;

const Path kCorpus = SOURCE_DIR "/tests/golden/policy";

std::vector<Path> policies_in(std::string_view folder) {
  std::vector<Path> files;
  for (const auto& file : std::filesystem::directory_iterator(kCorpus / folder)) {
    if (file.path().extension() == ".yaml") files.push_back(file.path());
  }
  std::ranges::sort(files);
  return files;
}

tl::expected<Policy, Problems> load_file(const Path& path) {
  auto document = adapters::parse_yaml(read_file(path), path.filename());
  if (!document) return tl::unexpected(Problems{document.error()});
  return load(Files{{std::move(*document)}, {}});
}

std::string expected_of(Path path) {
  return read_file(path.replace_extension(".expected"));
}

std::string test_name(const testing::TestParamInfo<Path>& info) {
  std::string name = info.param.stem();
  std::ranges::replace(name, '-', '_');
  return name;
}

class AcceptedPolicy : public testing::TestWithParam<Path> {};

TEST_P(AcceptedPolicy, PrintsNormalised) {
  const auto policy = load_file(GetParam());
  ASSERT_TRUE(policy) << problems_of(policy);
  EXPECT_EQ(print(*policy), expected_of(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Corpus, AcceptedPolicy, testing::ValuesIn(policies_in("accept")),
                         test_name);

class RefusedPolicy : public testing::TestWithParam<Path> {};

TEST_P(RefusedPolicy, NamesPlaceTokenAndWhatIsAccepted) {
  const auto policy = load_file(GetParam());
  ASSERT_FALSE(policy) << print(*policy);
  EXPECT_EQ(problems_of(policy), expected_of(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Corpus, RefusedPolicy, testing::ValuesIn(policies_in("reject")),
                         test_name);

TEST(Corpus, IsThere) {
  EXPECT_GE(policies_in("accept").size(), 10U);
  EXPECT_GE(policies_in("reject").size(), 60U);
}

}  // namespace
}  // namespace egress::policy
