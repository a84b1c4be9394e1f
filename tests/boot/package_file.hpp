// The Debian package that scripts/package has built.
#pragma once

#include <filesystem>

namespace egress::test {

// Throws if there is none, or one that is older than the build that it is made of.
std::filesystem::path package_file();

// The same package with a later version, whose shipped policy is another text.
void bump_version(const std::filesystem::path& package, const std::filesystem::path& to);

// The same package with an earlier version, which had the policy as a conffile.
void make_conffile(const std::filesystem::path& package, const std::filesystem::path& to);

}  // namespace egress::test
