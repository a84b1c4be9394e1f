// The architecture as a test: who may include whom, where each foreign library may be known, how
// long a file may be.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct SourceFile {
  std::string path;  // from the top of the repository
  std::vector<std::string> includes;
  std::size_t lines = 0;
};

// What stands between the first < or " of an #include line and its partner; empty for other lines.
std::string included_by(const std::string& line) {
  if (!line.starts_with("#include ")) return "";
  const auto begin = line.find_first_of("<\"") + 1;
  return line.substr(begin, line.find_first_of(">\"", begin) - begin);
}

SourceFile read(const fs::path& file, const fs::path& top) {
  SourceFile source{fs::relative(file, top).string(), {}, 0};
  std::ifstream in(file);
  for (std::string line; std::getline(in, line); ++source.lines)
    if (const std::string include = included_by(line); !include.empty())
      source.includes.push_back(include);
  return source;
}

std::vector<SourceFile> sources(const std::vector<std::string>& folders) {
  std::vector<SourceFile> found;
  const fs::path top = SOURCE_DIR;
  for (const std::string& folder : folders)
    for (const auto& item : fs::recursive_directory_iterator(top / folder))
      if (item.path().extension() == ".cpp" || item.path().extension() == ".hpp")
        found.push_back(read(item.path(), top));
  return found;
}

bool starts_with_any(const std::string& text, const std::set<std::string>& prefixes) {
  for (const std::string& prefix : prefixes)
    if (text.starts_with(prefix)) return true;
  return false;
}

TEST(Layout, ThePureCoreIncludesOnlyWhatStandsBelowIt) {
  const std::map<std::string, std::set<std::string>> kMayInclude = {
      {"core", {"egress/core/", "core/"}},
      {"policy", {"egress/core/", "egress/policy/", "policy/"}},
      {"dns", {"egress/core/", "egress/dns/"}},
      {"nft", {"egress/core/", "egress/nft/", "nft/"}},
      {"engine",
       {"egress/core/", "egress/policy/", "egress/dns/", "egress/nft/", "egress/engine/",
        "engine/"}},
      {"guard", {"egress/", "guard/"}},
  };
  std::size_t checked = 0;
  for (const SourceFile& source : sources({"include/egress", "src"})) {
    for (const auto& [part, allowed] : kMayInclude) {
      if (!source.path.starts_with("include/egress/" + part + "/") &&
          !source.path.starts_with("src/" + part + "/"))
        continue;
      ++checked;
      for (const std::string& include : source.includes) {
        const bool is_ours = include.find('/') != std::string::npos && include.ends_with(".hpp");
        if (include == "tl/expected.hpp")
          EXPECT_EQ(source.path, "include/egress/core/result.hpp");
        else if (is_ours)
          EXPECT_TRUE(starts_with_any(include, allowed)) << source.path << " includes " << include;
        else  // the C++ standard library has no suffix; the C library only to print and parse
              // addresses
          EXPECT_TRUE(include.find('.') == std::string::npos || include == "arpa/inet.h" ||
                      include == "netinet/in.h")
              << source.path << " includes " << include;
      }
    }
  }
  EXPECT_GT(checked, 40u);
}

TEST(Layout, EachForeignLibraryIsKnownInOnePlace) {
  const std::map<std::string, std::set<std::string>> kHome = {
      {"ares", {"src/adapters/cares/"}},
      {"yaml-cpp/", {"src/adapters/yaml/"}},
      {"libnftnl/", {"src/adapters/netlink/"}},
      {"libmnl/", {"src/adapters/netlink/"}},
      {"systemd/", {"src/adapters/systemd/"}},
      {"idn2", {"src/adapters/names/"}},
      {"libpsl", {"src/adapters/names/"}},
      {"cap-ng", {"src/adapters/host/"}},
      {"openssl/", {"src/adapters/tls/"}},
      {"linux/inet_diag.h", {"src/adapters/dns_listener/", "src/adapters/host/"}},
      {"spdlog/", {"src/egressd/log.cpp"}},
      {"nlohmann/", {"src/control/", "src/egressctl/"}},
      {"CLI/", {"src/egressctl/", "src/egressd/options.cpp"}},
  };
  std::set<std::string> seen;
  for (const SourceFile& source : sources({"include", "src"}))
    for (const std::string& include : source.includes)
      for (const auto& [library, homes] : kHome) {
        if (!include.starts_with(library)) continue;
        seen.insert(library);
        EXPECT_TRUE(starts_with_any(source.path, homes)) << source.path << " includes " << include;
      }
  EXPECT_EQ(seen.size(), kHome.size())
      << "a library of this list is no longer used, or its name has changed";
}

TEST(Layout, TheCommandLineKnowsNeitherTheEngineNorTheKernel) {
  for (const SourceFile& source : sources({"src/egressctl", "src/control"}))
    for (const std::string& include : source.includes)
      EXPECT_FALSE(starts_with_any(include, {"egress/engine/", "egress/nft/", "egress/dns/",
                                             "egress/guard/", "egressd/", "adapters/netlink/"}))
          << source.path << " includes " << include;
}

// The guard decides; its sockets only carry, and know no more of it than whom to answer.
TEST(Layout, TheDnsListenerKnowsNothingButTheCoreAndItsClients) {
  std::size_t checked = 0;
  for (const SourceFile& source : sources({"src/adapters/dns_listener"}))
    for (const std::string& include : source.includes) {
      if (!include.ends_with(".hpp")) continue;
      ++checked;
      EXPECT_TRUE(starts_with_any(
          include, {"egress/core/", "egress/guard/client.hpp", "adapters/dns_listener/",
                    "adapters/file_descriptor.hpp", "adapters/system_error.hpp"}))
          << source.path << " includes " << include;
    }
  EXPECT_GT(checked, 20u);
}

TEST(Layout, FilesAreShort) {
  for (const SourceFile& source : sources({"include", "src"}))
    EXPECT_LE(source.lines, 400u) << source.path;
  for (const SourceFile& source : sources({"tests"})) EXPECT_LE(source.lines, 500u) << source.path;
}

TEST(Layout, OneFileReadsTheClockForDecisions) {
  const std::vector<std::string> kClocks = {"clock_gettime", "system_clock::now",
                                            "steady_clock::now", "gettimeofday"};
  const fs::path top = SOURCE_DIR;
  // Decisions follow one clock; the others time a probe, a question, the kernel's answer and a
  // reading.
  const std::set<std::string> kReaders = {
      "src/adapters/systemd/clock.cpp",    "src/adapters/probe/deadline.cpp",
      "src/adapters/cares/channel.cpp",    "src/adapters/netlink/commit.cpp",
      "src/adapters/netlink/snapshot.cpp", "src/adapters/probe/neighbour.cpp"};
  for (const std::string& folder : {std::string("src"), std::string("include")})
    for (const auto& item : fs::recursive_directory_iterator(top / folder)) {
      if (!item.is_regular_file()) continue;
      std::ifstream in(item.path());
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      const std::string path = fs::relative(item.path(), top).string();
      const bool reads = std::ranges::any_of(
          kClocks, [&](const std::string& clock) { return text.find(clock) != std::string::npos; });
      EXPECT_TRUE(!reads || kReaders.contains(path)) << path << " reads a clock";
    }
}

}  // namespace
