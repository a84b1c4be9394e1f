// The table in docs/building.md against what CMake asks for.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

namespace {

using Versions = std::map<std::string, std::string>;

std::string content(const std::string& path) {
  std::ifstream in(std::filesystem::path(SOURCE_DIR) / path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Every match's first part and its second.
void collect(Versions& versions, const std::string& text, const std::string& pattern) {
  const std::regex form(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at)
    versions[(*at)[1]] = (*at)[2];
}

Versions asked_for() {
  Versions versions;
  collect(versions, content("cmake/Dependencies.cmake"), "([\\w-]+)>=([\\d.]+)");
  collect(versions, content("cmake/Dependencies.cmake"), "find_package\\(([\\w-]+) ([\\d.]+) ");
  collect(versions, "CMake " + content("CMakeLists.txt"),
          "(CMake) cmake_minimum_required\\(VERSION ([\\d.]+)\\)");
  return versions;
}

TEST(LeastVersions, AreWhatTheDocumentSays) {
  Versions documented;
  collect(documented, content("docs/building.md"), "\\| `([\\w-]+)` \\| ([\\d.]+) \\|");
  EXPECT_EQ(documented, asked_for());
  EXPECT_GT(documented.size(), 10U);
}

TEST(LeastVersions, AreAskedOfEachLibrary) {
  const std::string text = content("cmake/Dependencies.cmake");
  const std::regex unbound("foreign\\(\\w+ [^)>]*\\)|foreign\\(\\w+ [^)]* [\\w-]+\\)");
  EXPECT_FALSE(std::regex_search(text, unbound));
}

}  // namespace
