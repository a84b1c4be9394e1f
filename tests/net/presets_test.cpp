// What allow, why and list say of presets, with the presets that ship.
#include <gtest/gtest.h>

#include <fstream>

#include "support/lab.hpp"
#include "support/probe.hpp"

namespace egress::test {
namespace {

constexpr const char* kPlatform = "160.79.104.12";  // platform.claude.com

class Presets : public ::testing::Test {
 protected:
  Lab lab{Lab::Servers::all};
  Daemon daemon{lab, "version: 1\nresolvers: [10.77.0.1]\nallow: []\n"};
};

TEST_F(Presets, AForgottenPresetIsNoHost) {
  const Finished bare = daemon.egressctl({"allow", "anthropic"});
  EXPECT_EQ(bare.exit_code, 1);
  EXPECT_NE(bare.output.find("did you mean \"preset:anthropic\"?"), std::string::npos)
      << bare.output;
  const Finished called = daemon.egressctl({"allow", "preset:claude"});
  EXPECT_NE(called.output.find("egressctl: unknown preset \"claude\"; did you mean "
                               "\"claude-code\"?"),
            std::string::npos)
      << called.output;
  const Finished url = daemon.egressctl({"allow", "https://pypi.org/simple"});
  EXPECT_NE(url.output.find("\"pypi.org:443\""), std::string::npos) << url.output;
  EXPECT_EQ(daemon.egressctl({"list"}).output.find("anthropic"), std::string::npos);
  daemon.egressctl({"allow", "anthropic:443"});  // a host after all
  EXPECT_NE(daemon.egressctl({"list"}).output.find("tcp/anthropic:443"), std::string::npos);
}

TEST_F(Presets, ARefusedNameLeadsToItsPreset) {
  for (const char* form : {"pypi.org", "pypi.org:443/tcp", "tcp/pypi.org:443"}) {
    const Finished why = daemon.egressctl({"why", form});
    EXPECT_EQ(why.exit_code, 1);
    EXPECT_NE(why.output.find("egressctl allow preset:pypi; risk: shared-cdn"), std::string::npos)
        << why.output;
  }
  EXPECT_EQ(daemon.egressctl({"why", "1.1.1.1:53/udp"}).output.find("refused: udp/1.1.1.1:53"), 0U);
  const Finished allow = daemon.egressctl({"allow", "--optional", "preset:pypi"});
  EXPECT_NE(allow.output.find("note: pypi: "), std::string::npos) << allow.output;
  EXPECT_NE(allow.output.find("PIP_RETRIES=0"), std::string::npos) << allow.output;
  const Finished open = daemon.egressctl({"why", "pypi.org"});
  EXPECT_EQ(open.exit_code, 0) << open.output;
  EXPECT_EQ(open.output.find("egressctl allow"), std::string::npos) << open.output;
}

TEST_F(Presets, ARiskIsKnownOfAHostThatIsWrittenOut) {
  const std::string risk =
      "risk: upload: with a token of their own anybody can push to a repository there";
  for (const auto& words :
       {std::vector<std::string>{"allow", "--dry-run", "github.com:443"},
        std::vector<std::string>{"allow", "github.com:443"}, std::vector<std::string>{"list"}}) {
    const Finished told = daemon.egressctl(words);
    EXPECT_NE(told.output.find(risk), std::string::npos) << told.output;
  }
  const Finished allow = daemon.egressctl({"allow", "example.com:443"});
  EXPECT_EQ(allow.output.find("risk:"), std::string::npos) << allow.output;
}

// A name of IPv4 alone: nothing is wrong with it.
TEST_F(Presets, ANameOfOneFamilyIsListedWithoutAnError) {
  ASSERT_EQ(daemon.egressctl({"allow", "api.github.com:443"}).exit_code, 0);
  const Finished list = daemon.egressctl({"list"});
  EXPECT_EQ(list.output.find("NODATA"), std::string::npos) << list.output;
}

// Nothing is refused of what a client needs; its telemetry is.
TEST_F(Presets, OfClientsOpenWhatTheyNeed) {
  ASSERT_NE(tcp_probe(lab.host(), kPlatform, 443), Seen::answered);
  ASSERT_EQ(daemon.egressctl({"allow", "preset:anthropic"}).exit_code, 0);
  EXPECT_EQ(tcp_probe(lab.host(), kPlatform, 443), Seen::refused);
  const Finished allow = daemon.egressctl({"allow", "preset:claude-code"});
  EXPECT_EQ(allow.exit_code, 0) << allow.output;
  EXPECT_EQ(tcp_probe(lab.host(), kPlatform, 443), Seen::answered);
  EXPECT_EQ(daemon.egressctl({"allow", "preset:codex"}).exit_code, 0);
}

TEST_F(Presets, RefusalsThatMuslWaitsForAreWarnedOf) {
  const auto warned = [&](const std::string& with) {
    std::ofstream(lab.dir() / "new.yaml") << "version: 1\ndns: { refuse_with: " + with + " }\n";
    return daemon.egressctl({"check", lab.dir() / "new.yaml", "--egressd", egressd_program()})
        .output;
  };
  EXPECT_NE(warned("refused").find("with musl"), std::string::npos) << warned("refused");
  EXPECT_EQ(warned("nxdomain").find("with musl"), std::string::npos);
}

}  // namespace
}  // namespace egress::test
