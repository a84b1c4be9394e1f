// What `egressctl verify` files and what it tells over time, of the real daemon; the page as a
// browser sees it.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>

#include "support/lab.hpp"

namespace egress::test {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), regex), {}));
}

class VerifyReport : public ::testing::Test {
 protected:
  std::vector<std::string> words(std::vector<std::string> more) const {
    std::vector<std::string> all{"verify", "--ca", lab.dir() / "ca.pem"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Finished verify(const std::vector<std::string>& more) const {
    return daemon.egressctl(words(more));
  }
  void make_hole() const {
    lab.nft(
        "table ip other {\n chain output {\n type nat hook output priority -150\n"
        " ip daddr 140.82.112.4 tcp dport 443 dnat to 162.159.140.245\n }\n}\n");
  }
  void close_hole() const { lab.nft("delete table ip other\n"); }
  // The document object model, in a namespace from which nothing leads anywhere.
  std::string opened_in_a_browser(const std::filesystem::path& page) const {
    const Finished browser =
        run({.words = {"unshare", "--net", "timeout", "50", "chromium", "--headless",
                       "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                       "--user-data-dir=" + (lab.dir() / "browser").string(), "--dump-dom",
                       "file://" + page.string()}});
    EXPECT_EQ(browser.exit_code, 0) << browser.output;
    return browser.output;
  }

  Lab lab{Lab::Servers::all};
  Daemon daemon{lab, "version: 1\nresolvers: [10.77.0.1]\nallow: [api.openai.com:443]\n"};
};

TEST_F(VerifyReport, APageThatABrowserShowsWhole) {
  const auto page = lab.dir() / "report.html";
  const auto junit = lab.dir() / "report.xml";
  ASSERT_TRUE(eventually([&] { return verify({}).exit_code == 0; }));
  make_hole();
  const Finished leak = verify({"--json", "--html", page, "--junit", junit});
  EXPECT_EQ(leak.exit_code, 1);
  const auto told = nlohmann::json::parse(leak.output);
  const auto rows = told.at("probes").size();
  ASSERT_GT(rows, 30U);
  EXPECT_EQ(told.at("about").at("policy").get<std::string>().size(), 64U);
  EXPECT_EQ(count(content(junit), "<testcase "), rows + 1);

  const std::string dom = opened_in_a_browser(page);
  EXPECT_EQ(count(dom, "<p id=\"verdict\" class=\"verdict bad\">\u2716 LEAK</p>"), 1U) << dom;
  EXPECT_EQ(count(dom, "<tr class=\"probe "), rows);
  EXPECT_EQ(count(dom, "<tr class=\"probe bad\">"), 1U);
  EXPECT_EQ(count(dom, "(src|href|action)=|@import|url\\("), 0U) << "nothing from elsewhere";
}

TEST_F(VerifyReport, AFileThatCannotBeWrittenFails) {
  ASSERT_TRUE(eventually([&] { return verify({}).exit_code == 0; }));
  const Finished finished = verify({"--html", "/no/such/folder/report.html"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_NE(finished.output.find("/no/such/folder"), std::string::npos) << finished.output;
}

TEST_F(VerifyReport, TriesTheOutsideHostsOfAFile) {
  const auto file = lab.dir() / "outside.yaml";
  std::ofstream(file) << "hosts:\n"
                         "  - { name: one.example, v4: 203.0.113.81, v6: '2001:db8:f::81' }\n"
                         "  - { name: two.example, v4: 203.0.113.82, v6: '2001:db8:f::82' }\n"
                         "resolvers: [203.0.113.83, '2001:db8:f::83']\n"
                         "doh: [{ name: doh.example, addresses: [203.0.113.84] }]\n"
                         "inside-names: [inside.example]\n";
  const auto try_them = [&] { return verify({"--outside", file}); };
  EXPECT_TRUE(eventually([&] { return try_them().exit_code == 0; })) << try_them().output;
  const std::string closed = try_them().output;
  EXPECT_NE(closed.find("one.example by address: connect to tcp/203.0.113.81:443"),
            std::string::npos);
  for (const char* part : {"two.example", "203.0.113.83:53", "203.0.113.84:443", "inside.example"})
    EXPECT_NE(closed.find(part), std::string::npos) << part;
  for (const char* part : {"google", "github", "cloudflare", "example.com", "localtest", "nip.io",
                           "8.8.8.8", "1.1.1.1", "142.250.", "140.82.", "93.184.",
                           "2001:4860:", "2606:4700:4700:", "2606:50c0:", "2606:2800:"})
    EXPECT_EQ(closed.find(part), std::string::npos) << part;
  const auto told = nlohmann::json::parse(verify({"--outside", file, "--json"}).output);
  EXPECT_EQ(told.at("about").at("outside").get<std::string>(), file.string());

  lab.nft(
      "table ip other {\n chain output {\n type nat hook output priority -150\n"
      " ip daddr 203.0.113.82 tcp dport 443 dnat to 162.159.140.245\n }\n}\n");
  const Finished open = try_them();
  EXPECT_EQ(open.exit_code, 1);
  EXPECT_NE(open.output.find("LEAK: two.example by address"), std::string::npos) << open.output;

  std::ofstream(file) << "hosts: [nowhere]\nresolvers: [127.0.0.1]\n";
  const Finished wrong = try_them();
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(
      count(wrong.output, "(^|\n)[^\n]*/outside.yaml:1:9: \"nowhere\" is not a host; accepted: "),
      1U)
      << wrong.output;
  EXPECT_EQ(count(wrong.output, "\n[^\n]*/outside.yaml:2:13: \"127.0.0.1\" is no host's outside"),
            1U);
  EXPECT_EQ(count(wrong.output, "\negressctl: nothing was tried\n"), 1U);
  EXPECT_EQ(verify({"--outside", lab.dir() / "none.yaml"}).exit_code, 2);
}

// Of some verifications on a busy machine.
constexpr std::chrono::seconds kPatience{60};

// egressctl that verifies every second.
class Watch {
 public:
  explicit Watch(const Lab& lab, std::vector<std::string> words)
      : output_(empty_file(lab.dir() / "watch.log")),
        process_({.words = std::move(words), .netns = lab.host(), .output = output_}) {}
  bool tells(const std::string& pattern) const {
    return eventually([&] { return count(content(output_), pattern) > 0; }, kPatience);
  }
  std::string log() const { return content(output_); }
  std::size_t lines() const { return count(log(), "\n"); }
  int end() {
    process_.signal(SIGTERM);
    return process_.wait();
  }

 private:
  static std::filesystem::path empty_file(const std::filesystem::path& path) {
    std::ofstream{path};
    return path;
  }

  const std::filesystem::path output_;
  ChildProcess process_;
};

TEST_F(VerifyReport, AWatchTellsWhatChangesAndEndsWithTheLastVerdict) {
  ASSERT_TRUE(eventually([&] { return verify({}).exit_code == 0; }));
  const auto order = [&] { return daemon.egressctl_words(words({"--watch", "1s"})); };
  Watch watch(lab, order());
  EXPECT_TRUE(watch.tells("Z PROVEN: "));
  EXPECT_EQ(watch.lines(), 1U);
  make_hole();
  EXPECT_TRUE(watch.tells("Z LEAK \\(was ok\\): refused.by-address: github.com by address: "));
  close_hole();
  EXPECT_TRUE(watch.tells("Z ok \\(was LEAK\\): refused.by-address: "));
  EXPECT_EQ(watch.end(), 0) << watch.log();
  EXPECT_EQ(watch.lines(), 5U) << "each verdict and each change once\n" << watch.log();

  make_hole();
  Watch leaking(lab, order());
  EXPECT_TRUE(leaking.tells("Z LEAK: "));
  EXPECT_EQ(leaking.end(), 1);
}

}  // namespace
}  // namespace egress::test
